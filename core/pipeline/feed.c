/*
 * The feed: turns payloads into rows. Only the worker's thread, inside its input's poll. The worker holds its gate from
 * the first payload of a poll until the batch is written. A cut takes all gates, so it never sees half a payload.
 */
#include <string.h>

#include "pipeline/reject.h"
#include "pipeline/wiring.h"
#include "util/clock.h"

/* Beyond this size of texts a batch is passed on, so that the arena does not grow with the capacity of a batch. */
#define BATCH_TEXT_BYTES ((size_t)1 << 20)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static void hold_gate(struct fx_feed *feed)
{
    if (feed->gate_held)
        return;
    pthread_mutex_lock(&feed->gate);
    feed->gate_held = true;
    fxi_checkpoints_note_count(feed->pipeline->checkpoints); /* valid until a cut holds all gates */
    feed->gate_ns = fxi_clock_ns();
}

/* Call inside the gate: a cut then knows the number of its records. */
static void note_records(struct fx_feed *feed)
{
    if (feed->counts.records > feed->noted_records)
        fxi_checkpoints_note_records(feed->pipeline->checkpoints, feed->counts.records - feed->noted_records);
    feed->noted_records = feed->counts.records;
}

void fxi_feed_release(struct fx_feed *feed)
{
    if (!feed->gate_held)
        return;
    note_records(feed);
    feed->gate_held = false;
    feed->held_ns += fxi_clock_ns() - feed->gate_ns;
    pthread_mutex_unlock(&feed->gate);
}

void fxi_feed_flush(struct fx_feed *feed)
{
    if (feed->batch.public.rows)
        fxi_stages_run(feed);
}

/* pmacct's markers tell when a purge begins and ends. They are neither flows nor malformed. */
ALWAYS_INLINE bool is_marker(const struct fx_feed *feed, const struct fx_value *row)
{
    const struct fx_value *event = &row[feed->pipeline->event_type_field];
    return event->type == FX_TEXT && ((event->size == 10 && memcmp(event->text, "purge_init", 10) == 0) ||
                                      (event->size == 11 && memcmp(event->text, "purge_close", 11) == 0));
}

static void take_marker(struct fx_feed *feed, const struct fx_value *row)
{
    feed->counts.ignored[FXI_IGNORED_MARKER]++;
    if (feed->writers)
        fxi_markers_marker(feed->writers, row, fxi_clock_ms());
}

ALWAYS_INLINE void take_record(struct fx_feed *feed, const struct fx_value *row, unsigned rows)
{
    if (is_marker(feed, row)) {
        take_marker(feed, row);
        return;
    }
    feed->counts.records += rows;
    feed->batch.public.rows += rows;
    if (feed->batch.public.rows >= feed->batch.capacity || feed->batch.arena.taken_bytes > BATCH_TEXT_BYTES)
        fxi_feed_flush(feed);
}

static struct fx_value make_text(const char *text, size_t size)
{
    return text && size <= UINT32_MAX ? (struct fx_value){.text = text, .size = (uint32_t)size, .type = FX_TEXT}
                                      : (struct fx_value){.type = FX_NULL};
}

/* at: behind the record; between are white space and nothing else. */
static struct fx_value record_text(struct fx_feed *feed, const char *at)
{
    size_t size = 0;
    if (feed->vflow) {
        const char *text = fxi_vflow_text(feed->vflow, &feed->batch.arena, &size);
        return make_text(text, size);
    }
    const char *start = fxi_decoder_start(feed->decoder);
    while (at > start && at[-1] != '}')
        at--;
    return make_text(start, (size_t)(at - start));
}

static void fill_texts(struct fx_feed *feed, const struct fx_payload *payload, const char *at, struct fx_value *row,
                       unsigned rows)
{
    const struct fxi_pipeline *pipeline = feed->pipeline;
    struct fx_value record = pipeline->record_field < 0 ? make_text(NULL, 0) : record_text(feed, at);
    for (unsigned i = 0; i < rows; i++, row += feed->batch.public.width) {
        if (pipeline->record_field >= 0)
            row[pipeline->record_field] = record;
        if (pipeline->payload_field >= 0)
            row[pipeline->payload_field] = make_text(payload->data, payload->size);
    }
}

/* For inputs that need more than the decoder: vFlow's messages, a mapping to finish, writers to watch, whole texts. */
static enum fxi_decode next_mapped(struct fx_feed *feed, const struct fx_payload *payload, const char **at,
                                   struct fx_value *row, const char **where, unsigned *rows)
{
    const char *end = payload->data + payload->size;
    enum fxi_decode result = feed->vflow ? fxi_vflow_next(feed->vflow, at, end, row, &feed->batch.arena, where)
                                         : fxi_decoder_next(feed->decoder, at, end, row, &feed->batch.arena, where);
    if (result == FXI_DECODE_RECORD && feed->input->mapping.finishes)
        *rows = fxi_mapping_finish(&feed->input->mapping, row, &result);
    if (result == FXI_DECODE_RECORD && feed->writers && !is_marker(feed, row))
        fxi_markers_record(feed->writers, row);
    if (result == FXI_DECODE_RECORD && feed->whole)
        fill_texts(feed, payload, *at, row, *rows);
    return result;
}

/* False: nothing more is taken (on_malformed: stop). */
static bool reject(struct fx_feed *feed, const struct fx_stream *stream, const struct fx_payload *payload,
                   enum fxi_decode result, const char *where, const char *from, const char *to)
{
    const char *start = fxi_decoder_start(fxi_feed_decoder(feed)); /* without the comma or bracket before an element */
    if (start >= payload->data && start <= to)
        from = start;
    feed->counts.malformed[result - FXI_DECODE_SYNTAX]++;
    fxi_reject(feed, stream, payload, fxi_decode_name(result), where, from, to);
    return !fxi_end_has_failed(&feed->pipeline->end);
}

/* Gives the end of what was taken. This is inlined with constant plain, so most inputs pay nothing for the rest. */
ALWAYS_INLINE const char *decode_records(struct fx_feed *feed, const struct fx_stream *stream,
                                         const struct fx_payload *payload, bool plain)
{
    const char *at = payload->data, *end = at + payload->size;
    for (;;) {
        struct fx_value *row = fx_batch_row(&feed->batch.public, feed->batch.public.rows);
        const char *from = at, *where = at;
        unsigned rows = 1;
        enum fxi_decode result = plain ? fxi_decoder_next(feed->decoder, &at, end, row, &feed->batch.arena, &where)
                                       : next_mapped(feed, payload, &at, row, &where, &rows);
        if (result == FXI_DECODE_RECORD)
            take_record(feed, row, rows);
        else if (result == FXI_DECODE_END || !reject(feed, stream, payload, result, where, from, at))
            return at;
    }
}

static const char *decode_payload(struct fx_feed *feed, const struct fx_stream *stream,
                                  const struct fx_payload *payload)
{
    feed->lines.payload = NULL; /* the same address may hold something else now */
    feed->counts.payloads++;
    if (feed->absent.count) /* a field has not been seen: names may be needed */
        fxi_absent_offer(feed->input->absent, payload->data, payload->size);
    return feed->plain ? decode_records(feed, stream, payload, true) : decode_records(feed, stream, payload, false);
}

struct fxi_decoder *fxi_feed_decoder(const struct fx_feed *feed)
{
    return feed->vflow ? fxi_vflow_whole(feed->vflow) : feed->decoder;
}

static enum fx_verdict verdict_of(const struct fx_feed *feed)
{
    return fxi_end_has_failed(&feed->pipeline->end) ? FX_FATAL : FX_OK;
}

/* Whether the payload is still to be counted. If not, counts the reason. */
static bool is_wanted(struct fx_feed *feed, const struct fx_stream *stream, const struct fx_payload *payload)
{
    if (!stream || !stream->live) {
        feed->counts.ignored[FXI_IGNORED_UNASSIGNED]++;
        return false;
    }
    if (payload->offset < stream->position) {
        feed->counts.ignored[FXI_IGNORED_SEEN]++;
        return false;
    }
    return true;
}

enum fx_verdict fx_feed_push(struct fx_feed *feed, struct fx_stream *stream, const struct fx_payload *payload)
{
    hold_gate(feed);
    if (!is_wanted(feed, stream, payload))
        return FX_OK;
    feed->counts.bytes += (int64_t)payload->size;
    decode_payload(feed, stream, payload);
    feed->lines.bytes_before = 0;
    stream->position = payload->next;
    return verdict_of(feed);
}

/* Keeps the column for faults in the rest of the line. */
static void note_line_begun(struct fxi_line_count *lines, const char *data, size_t taken)
{
    const char *newline = memrchr(data, '\n', taken);
    lines->bytes_before = newline ? data + taken - newline - 1 : lines->bytes_before + (int64_t)taken;
}

enum fx_verdict fx_feed_push_piece(struct fx_feed *feed, struct fx_stream *stream, const struct fx_payload *payload,
                                   enum fx_piece piece, struct fx_taken *taken)
{
    *taken = (struct fx_taken){.bytes = payload->size};
    hold_gate(feed);
    if (!is_wanted(feed, stream, payload))
        return FX_OK;
    struct fxi_decoder *decoder = fxi_feed_decoder(feed);
    fxi_decoder_set_part(decoder, piece == FX_PIECE_FORCED ? FXI_PART_FORCED : FXI_PART_OPEN);
    taken->bytes = (size_t)(decode_payload(feed, stream, payload) - payload->data);
    fxi_decoder_set_part(decoder, FXI_PART_WHOLE);
    taken->in_list = fxi_decoder_in_list(decoder);
    feed->counts.bytes += (int64_t)taken->bytes;
    note_line_begun(&feed->lines, payload->data, taken->bytes);
    return verdict_of(feed);
}

void fx_stream_advance(struct fx_feed *feed, struct fx_stream *stream, int64_t position)
{
    hold_gate(feed);
    stream->position = position;
}

void fx_feed_reject(struct fx_feed *feed, struct fx_stream *stream, const struct fx_payload *payload,
                    enum fx_reject why)
{
    hold_gate(feed);
    if (!is_wanted(feed, stream, payload))
        return;
    feed->counts.payloads++;
    feed->counts.bytes += (int64_t)payload->size;
    if (why == FX_REJECT_EMPTY) {
        feed->counts.ignored[FXI_IGNORED_EMPTY]++;
    } else {
        feed->counts.malformed[FXI_MALFORMED_TOO_LONG]++;
        fxi_reject(feed, stream, payload, "too_long", payload->data, payload->data, payload->data + payload->size);
        fxi_decoder_skipped(fxi_feed_decoder(feed));
        feed->lines.bytes_before = 0;
    }
    stream->position = payload->next;
}

void fx_stream_pass(struct fx_feed *feed, struct fx_stream *stream, int64_t next)
{
    if (!feed->quiesce_depth) /* otherwise no cut can come in between */
        hold_gate(feed);
    if (stream->live && next > stream->position)
        stream->position = next;
}

enum fx_verdict fx_feed_flush(struct fx_feed *feed)
{
    fxi_feed_flush(feed);
    fxi_feed_release(feed);
    feed->lines.payload = NULL; /* its memory can hold something else now */
    return verdict_of(feed);
}

void fxi_feed_publish(struct fx_feed *feed)
{
    struct fxi_metric_set *set = feed->input->metrics;
    const struct fxi_feed_counts *counts = &feed->counts;
    note_records(feed);
    fxi_metric_set_add(set, FXI_INPUT_PAYLOADS, 0, counts->payloads);
    fxi_metric_set_add(set, FXI_INPUT_BYTES, 0, counts->bytes);
    fxi_metric_set_add(set, FXI_INPUT_RECORDS, 0, counts->records);
    for (unsigned i = 0; i < FXI_MALFORMED_COUNT; i++)
        if (counts->malformed[i])
            fxi_metric_set_add(set, FXI_INPUT_MALFORMED, i, counts->malformed[i]);
    for (unsigned i = 0; i < FXI_IGNORED_COUNT; i++)
        if (counts->ignored[i])
            fxi_metric_set_add(set, FXI_INPUT_IGNORED, i, counts->ignored[i]);
    if (counts->records)
        fxi_absent_judge(feed->input->absent, counts->records, fxi_clock_ms());
    feed->counts = (struct fxi_feed_counts){0};
    feed->noted_records = 0;
    if (feed->writers)
        fxi_markers_merge(feed->writers, fxi_clock_ms());
}
