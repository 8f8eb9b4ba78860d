/*
 * Inputs as the core sees them: which workers are inside poll, and the streams
 * with their positions. Streams change only while no worker of the input is
 * inside poll but the caller (fx_feed_quiesce), so workers read them freely.
 */
#include <assert.h>
#include <string.h>

#include "pipeline/state.h"
#include "util/alloc.h"
#include "util/failpoint.h"

#define ANSWER_MS 1000 /* others wait for the streams that are being lost */

bool fxi_input_enter(struct fxi_input *input, const _Atomic bool *stopping)
{
    pthread_mutex_lock(&input->lock);
    while (input->quiesced && !atomic_load(stopping))
        pthread_cond_wait(&input->changed, &input->lock);
    bool enters = !input->quiesced;
    input->active += enters;
    pthread_mutex_unlock(&input->lock);
    return enters;
}

void fxi_input_wake(struct fxi_input *input)
{
    pthread_mutex_lock(&input->lock);
    pthread_cond_broadcast(&input->changed);
    pthread_mutex_unlock(&input->lock);
}

void fxi_input_leave(struct fxi_input *input)
{
    pthread_mutex_lock(&input->lock);
    assert(input->active > 0);
    input->active--;
    pthread_cond_broadcast(&input->changed);
    pthread_mutex_unlock(&input->lock);
}

void fxi_input_keep_out(struct fxi_input *input)
{
    pthread_mutex_lock(&input->lock);
    input->quiesced = true;
    while (input->active)
        pthread_cond_wait(&input->changed, &input->lock);
    pthread_mutex_unlock(&input->lock);
}

void fxi_input_let_in(struct fxi_input *input)
{
    pthread_mutex_lock(&input->lock);
    input->quiesced = false;
    pthread_cond_broadcast(&input->changed);
    pthread_mutex_unlock(&input->lock);
}

/* Out of poll for a moment: what was read is written, and checkpoints may go on without this worker. */
static void park(struct fx_feed *feed)
{
    fxi_feed_flush(feed);
    fxi_feed_release(feed);
    fxi_input_leave(feed->input);
}

void fx_feed_quiesce(struct fx_feed *feed)
{
    if (feed->quiesce_depth++)
        return;
    park(feed);
    pthread_mutex_lock(&feed->pipeline->run);
    fxi_input_keep_out(feed->input);
}

void fx_feed_resume(struct fx_feed *feed)
{
    assert(feed->quiesce_depth > 0);
    if (--feed->quiesce_depth)
        return;
    struct fxi_input *input = feed->input;
    pthread_mutex_lock(&input->lock);
    input->quiesced = false;
    input->active++;
    pthread_cond_broadcast(&input->changed);
    pthread_mutex_unlock(&input->lock);
    pthread_mutex_unlock(&feed->pipeline->run);
}

static struct fx_stream *find(const struct fxi_input *input, const char *name, int32_t partition)
{
    struct fx_stream *stream = input->streams;
    while (stream && (stream->partition != partition || strcmp(stream->name, name) != 0))
        stream = stream->next;
    return stream;
}

struct fx_stream *fx_stream_find(struct fx_feed *feed, const char *name, int32_t partition)
{
    struct fx_stream *stream = find(feed->input, name, partition);
    return stream && stream->live ? stream : NULL;
}

struct fx_stream *fxi_input_stream(struct fxi_input *input, const char *name, int32_t partition)
{
    struct fx_stream *stream = find(input, name, partition);
    if (!stream) {
        stream = fxi_calloc(1, sizeof *stream);
        stream->input = input;
        stream->name = fxi_strdup(name);
        stream->partition = partition;
        stream->next = input->streams;
        input->streams = stream;
    }
    return stream;
}

struct fx_stream *fx_stream_begin(struct fx_feed *feed, const char *name, int32_t partition, int64_t position)
{
    fx_feed_quiesce(feed);
    struct fx_stream *stream = fxi_input_stream(feed->input, name, partition);
    stream->live = true;
    fxi_markers_spoil(feed->input->markers);
    stream->committed = stream->is_cut = false;
    stream->position = stream->cut_position = stream->base_position = position;
    fx_feed_resume(feed);
    return stream;
}

/* Whether records of it were counted that neither are committed nor stand in a cut that may still be accepted. */
static bool has_loose_records(const struct fxi_pipeline *pipeline, const struct fx_stream *stream)
{
    int64_t safe = pipeline->unsettled ? stream->cut_position : stream->base_position;
    return stream->live && stream->input->instance->plugin->commit && stream->position != safe && !pipeline->is_void;
}

/* Whoever has it next counts again what is not committed: it is given back before the stream goes. */
void fx_stream_end(struct fx_feed *feed, struct fx_stream *stream)
{
    fx_feed_quiesce(feed);
    if (has_loose_records(feed->pipeline, stream))
        fxi_checkpoint_void(feed->pipeline, ANSWER_MS);
    stream->live = false;
    fxi_markers_spoil(stream->input->markers);
    fx_feed_resume(feed);
}

/*
 * The old source's positions mean nothing in the new one. So nothing of the old one may be left to settle, and a
 * rollback goes to the new one's beginning, too.
 */
int fx_stream_reset(struct fx_feed *feed, struct fx_stream *stream, int64_t position, struct fx_error *err)
{
    fx_feed_quiesce(feed);
    int rc = fx_feed_checkpoint(feed, err);
    if (!rc) {
        fxi_markers_spoil(stream->input->markers);
        stream->committed = stream->is_cut = false;
        stream->position = stream->cut_position = stream->base_position = position;
        fxi_failpoint("reset");
        struct fx_error why = FX_ERROR_INIT;
        if (fx_feed_checkpoint(feed, &why))
            fx_log(feed->input->instance, FX_LOG_WARN, "The new position of a partition could not be committed yet.",
                   "reason=%s", why.message);
    }
    fx_feed_resume(feed);
    return rc;
}

int64_t fx_stream_position(const struct fx_stream *stream)
{
    return stream->position;
}

static void add_position(struct fxi_input *input, const struct fx_stream *stream, int64_t offset)
{
    if (input->position_count == input->position_capacity) {
        input->position_capacity = input->position_capacity ? input->position_capacity * 2 : 16;
        input->positions = fxi_realloc(input->positions, input->position_capacity, sizeof *input->positions);
    }
    input->positions[input->position_count++] =
        (struct fx_position){.stream = stream->name, .partition = stream->partition, .offset = offset};
}

void fxi_input_list_positions(struct fxi_input *input, bool base)
{
    input->position_count = 0;
    for (struct fx_stream *stream = input->streams; stream; stream = stream->next)
        if (stream->live)
            add_position(input, stream, base ? stream->base_position : stream->cut_position);
}

/* A stream of which this instance knows where it left it. Under run: checkpoints move what it knows. */
static const struct fx_stream *find_kept(const struct fxi_input *input, const char *name, int32_t partition)
{
    const struct fx_stream *stream = find(input, name, partition);
    return stream && stream->is_kept ? stream : NULL;
}

int fx_stream_recovered(struct fx_feed *feed, const char *name, int32_t partition, int64_t *position)
{
    fx_feed_quiesce(feed);
    const struct fx_stream *stream = find_kept(feed->input, name, partition);
    if (stream)
        *position = stream->base_position;
    fx_feed_resume(feed);
    return stream != NULL;
}

static void report_move(struct fx_feed *feed, const char *name, int32_t partition, int64_t left, int64_t offset)
{
    bool is_back = left > offset;
    int64_t count = is_back ? left - offset : offset - left;
    fxi_metric_set_add(feed->input->metrics, is_back ? FXI_INPUT_REPEATED : FXI_INPUT_GAPS, 0, count);
    fx_log(feed->input->instance, FX_LOG_ERROR,
           is_back ? "The committed offset was set by none of us: records are counted a second time."
                   : "The committed offset was set by none of us: records are skipped.",
           "stream=%s partition=%d left_at=%lld going_on_at=%lld %s=%lld", name, (int)partition, (long long)left,
           (long long)offset, is_back ? "repeated" : "skipped", (long long)count);
}

int64_t fx_stream_found(struct fx_feed *feed, const char *name, int32_t partition, int64_t offset, const char *tags,
                        size_t size)
{
    fx_feed_quiesce(feed);
    const struct fx_stream *stream = find_kept(feed->input, name, partition);
    int64_t moved = stream && fxi_recovery_is_foreign(feed->pipeline, tags, size) ? stream->base_position - offset : 0;
    if (moved)
        report_move(feed, name, partition, stream->base_position, offset);
    fx_feed_resume(feed);
    return moved;
}

void fx_feed_found_tags(struct fx_feed *feed, const char *tags, size_t size)
{
    fx_feed_quiesce(feed);
    fxi_recovery_look(feed->pipeline, tags, size);
    fx_feed_resume(feed);
}

void fx_stream_lost(struct fx_feed *feed, const struct fx_stream *stream, int64_t from, int64_t to)
{
    fxi_metric_set_add(feed->input->metrics, FXI_INPUT_GAPS, 0, to - from);
    fx_log(feed->input->instance, FX_LOG_ERROR, "Records are lost: they were gone, or could not be read.",
           "stream=%s partition=%d from=%lld to=%lld records=%lld", stream->name, (int)stream->partition,
           (long long)from, (long long)to, (long long)(to - from));
}

int fx_feed_stopping(const struct fx_feed *feed)
{
    return atomic_load_explicit(&feed->pipeline->stopping, memory_order_relaxed);
}

int fx_feed_checkpoint(struct fx_feed *feed, struct fx_error *err)
{
    fx_feed_quiesce(feed);
    int rc = fxi_checkpoint_take(feed->pipeline, (int)feed->pipeline->config->pipeline.stop_timeout_ms, err);
    fx_feed_resume(feed);
    return rc;
}

void fx_feed_rollback(struct fx_feed *feed)
{
    fx_feed_quiesce(feed);
    fxi_checkpoint_void(feed->pipeline, ANSWER_MS);
    fx_feed_resume(feed);
}
