/*
 * What inputs report about their streams: begin, end, move. The worker's thread, inside its input's poll. Other workers
 * are kept out meanwhile (fx_feed_quiesce).
 */
#include <assert.h>

#include "pipeline/wiring.h"
#include "util/failpoint.h"

#define ANSWER_MS 1000 /* other members of the group wait for streams that are being lost */

/* Leaves poll for a moment: everything read is written, and checkpoints need not wait for this worker. */
static void park(struct fx_feed *feed)
{
    fxi_feed_flush(feed);
    fxi_feed_release(feed);
    fxi_source_leave(&feed->input->source);
}

void fx_feed_quiesce(struct fx_feed *feed)
{
    if (feed->quiesce_depth++)
        return;
    park(feed);
    fxi_checkpoints_hold(feed->pipeline->checkpoints);
    fxi_source_keep_out(&feed->input->source);
}

void fx_feed_resume(struct fx_feed *feed)
{
    assert(feed->quiesce_depth > 0);
    if (--feed->quiesce_depth)
        return;
    fxi_source_let_in_with_me(&feed->input->source);
    fxi_checkpoints_release(feed->pipeline->checkpoints);
}

struct fx_stream *fx_stream_find(struct fx_feed *feed, const char *name, int32_t partition)
{
    struct fx_stream *stream = fxi_source_find(&feed->input->source, name, partition);
    return stream && stream->live ? stream : NULL;
}

struct fx_stream *fx_stream_begin(struct fx_feed *feed, const char *name, int32_t partition, int64_t position)
{
    fx_feed_quiesce(feed);
    struct fx_stream *stream = fxi_source_stream(&feed->input->source, name, partition);
    fxi_stream_begin(stream, position);
    fxi_markers_spoil(feed->input->markers);
    fx_feed_resume(feed);
    return stream;
}

/*
 * The stream's next owner counts everything again that is not committed. So it is rolled back before the stream goes.
 */
void fx_stream_end(struct fx_feed *feed, struct fx_stream *stream)
{
    fx_feed_quiesce(feed);
    if (fxi_checkpoints_has_loose(feed->pipeline->checkpoints, stream))
        fxi_checkpoints_void(feed->pipeline->checkpoints, ANSWER_MS);
    fxi_stream_end(stream);
    fxi_markers_spoil(feed->input->markers);
    fx_feed_resume(feed);
}

/*
 * The old source's positions mean nothing in the new one. So nothing of the old one may stay unsettled, and a rollback
 * must go to the new one's beginning.
 */
int fx_stream_reset(struct fx_feed *feed, struct fx_stream *stream, int64_t position, struct fx_error *err)
{
    fx_feed_quiesce(feed);
    int rc = fx_feed_checkpoint(feed, err);
    if (!rc) {
        fxi_markers_spoil(feed->input->markers);
        fxi_stream_place(stream, position);
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

int fx_stream_recovered(struct fx_feed *feed, const char *name, int32_t partition, int64_t *position)
{
    fx_feed_quiesce(feed);
    const struct fx_stream *stream = fxi_source_find_kept(&feed->input->source, name, partition);
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
           is_back ? "The committed offset was set from outside: records are counted a second time."
                   : "The committed offset was set from outside: records are skipped.",
           "stream=%s partition=%d left_at=%lld going_on_at=%lld %s=%lld", name, (int)partition, (long long)left,
           (long long)offset, is_back ? "repeated" : "skipped", (long long)count);
}

int64_t fx_stream_found(struct fx_feed *feed, const char *name, int32_t partition, int64_t offset, const char *tags,
                        size_t size)
{
    fx_feed_quiesce(feed);
    struct fx_stream *found = fxi_source_stream(&feed->input->source, name, partition);
    const struct fx_stream *stream = found->is_kept ? found : NULL;
    found->is_moved = found->is_moved || !stream || stream->base_position != offset;
    int64_t moved = stream && fxi_checkpoints_is_foreign(feed->pipeline->checkpoints, tags, size)
                        ? stream->base_position - offset
                        : 0;
    if (moved)
        report_move(feed, name, partition, stream->base_position, offset);
    fx_feed_resume(feed);
    return moved;
}

void fx_feed_found_tags(struct fx_feed *feed, const char *tags, size_t size)
{
    fx_feed_quiesce(feed);
    fxi_checkpoints_take_tags(feed->pipeline->checkpoints, tags, size);
    fx_feed_resume(feed);
}

void fx_stream_lost(struct fx_feed *feed, const struct fx_stream *stream, int64_t from, int64_t to)
{
    fxi_metric_set_add(feed->input->metrics, FXI_INPUT_GAPS, 0, to - from);
    fx_log(feed->input->instance, FX_LOG_ERROR,
           "Records are lost: they were deleted before they were read, or could not be read.",
           "stream=%s partition=%d from=%lld to=%lld records=%lld", stream->name, (int)stream->partition,
           (long long)from, (long long)to, (long long)(to - from));
}

int fx_feed_stopping(const struct fx_feed *feed)
{
    return fxi_end_is_near(&feed->pipeline->end);
}

int fx_feed_checkpoint(struct fx_feed *feed, struct fx_error *err)
{
    fx_feed_quiesce(feed);
    int rc =
        fxi_checkpoints_take(feed->pipeline->checkpoints, (int)feed->pipeline->config->pipeline.stop_timeout_ms, err);
    fx_feed_resume(feed);
    return rc;
}

void fx_feed_rollback(struct fx_feed *feed)
{
    fx_feed_quiesce(feed);
    fxi_checkpoints_void(feed->pipeline->checkpoints, ANSWER_MS);
    fx_feed_resume(feed);
}
