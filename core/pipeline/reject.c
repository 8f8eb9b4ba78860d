/*
 * Rejected records. The worker's thread, inside its gate. store belongs to the checkpoint. If a dead letter can't be
 * kept, the worker or the checkpoint waits for up to pipeline.retry_for. Then the letter counts as lost, as in outputs.
 */
#include "pipeline/reject.h"

#include <string.h>
#include <time.h>

#include "pipeline/letters.h"
#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define PAUSE_MS 20

static const struct fxi_input_options *options_of(const struct fx_instance *input)
{
    return &input->entry->input;
}

const char *fx_letter_topic(const struct fx_instance *instance)
{
    const struct fxi_input_options *options = options_of(instance);
    bool to_topic = options->on_malformed == FXI_MALFORMED_LETTER && options->dead_letters.choice == FXI_LETTERS_TOPIC;
    return to_topic ? options->dead_letters.text : NULL;
}

int fxi_reject_check(const struct fx_instance *input, struct fx_error *err)
{
    const struct fxi_input_options *options = options_of(input);
    bool letters = options->on_malformed == FXI_MALFORMED_LETTER;
    if (letters && !options->dead_letters.text)
        return fx_error_option(err, input, "on_malformed", NULL,
                               "'dead-letter' needs a place: write 'dead_letters: {file: PATH}' or {topic: NAME}");
    if (!letters && options->dead_letters.text)
        return fx_error_option(err, input, "dead_letters", NULL,
                               "it has no effect without 'on_malformed: dead-letter'");
    const struct fxi_pipeline *pipeline = input->pipeline;
    for (size_t i = 0; letters && i < pipeline->input_count; i++) {
        const struct fxi_input_options *other = options_of(pipeline->inputs[i].instance);
        if (pipeline->inputs[i].instance != input && options->dead_letters.choice == FXI_LETTERS_FILE &&
            other->dead_letters.text && other->dead_letters.choice == FXI_LETTERS_FILE &&
            strcmp(other->dead_letters.text, options->dead_letters.text) == 0)
            return fx_error_option(err, input, "dead_letters", "file",
                                   "'%s' is already the file of another input: give each its own",
                                   options->dead_letters.text);
    }
    if (fx_letter_topic(input) && !input->plugin->letter_send)
        return fx_error_option(err, input, "dead_letters", "topic", "'%s' has no brokers: write {file: PATH}",
                               input->plugin->name);
    return 0;
}

int fxi_reject_start(struct fxi_input *input, struct fx_error *err)
{
    const struct fxi_input_options *options = options_of(input->instance);
    if (options->on_malformed != FXI_MALFORMED_LETTER || fx_letter_topic(input->instance))
        return 0;
    struct fx_error why = FX_ERROR_INIT;
    input->letters = fxi_letters_open(options->dead_letters.text, options->dead_letters_max,
                                      fx_instance_name(input->instance), &why);
    return input->letters ? 0 : fx_error_option(err, input->instance, "dead_letters", "file", "%s", why.message);
}

/* Lines are counted from the place of the last fault, not from the payload's beginning each time. */
static int64_t line_of(struct fx_feed *feed, const struct fx_payload *payload, const char *where)
{
    struct fxi_line_count *count = &feed->lines;
    if (count->payload != payload->data || count->offset != payload->offset || count->to > where)
        *count = (struct fxi_line_count){payload->data, payload->offset, payload->data, 1, count->bytes_before};
    const char *newline;
    while (count->to < where && (newline = memchr(count->to, '\n', (size_t)(where - count->to)))) {
        count->lines++;
        count->to = newline + 1;
    }
    return count->lines;
}

/* In a stream without partitions the line is that of the stream (feed.h). In a message it tells which record it is. */
static void log_rejected(const struct fx_feed *feed, enum fx_log_level level, const char *sentence,
                         const struct fx_letter *letter, unsigned suppressed)
{
    if (letter->partition < 0)
        fx_log(feed->input->instance, level, sentence, "reason=%s stream=%s line=%lld column=%lld suppressed=%u",
               letter->reason, letter->stream, (long long)letter->line, (long long)letter->column, suppressed);
    else
        fx_log(feed->input->instance, level, sentence,
               "reason=%s topic=%s partition=%d offset=%lld line=%lld column=%lld suppressed=%u", letter->reason,
               letter->stream, (int)letter->partition, (long long)letter->offset, (long long)letter->line,
               (long long)letter->column, suppressed);
}

static enum fx_verdict send(const struct fx_instance *instance, const struct fx_letter *letter)
{
    struct fxi_call before = fxi_call_begin(instance, "letter_send", 0);
    enum fx_verdict verdict = instance->plugin->letter_send(instance->self, letter);
    fxi_call_end(before);
    return verdict;
}

static enum fx_verdict offer(struct fxi_input *input, const struct fx_letter *letter)
{
    const struct fx_instance *instance = input->instance;
    if (!input->letters)
        return send(instance, letter);
    return fxi_letters_add(input->letters, letter) ? FX_OK : FX_AGAIN;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

static void count_lost(struct fxi_input *input, uint64_t lost, const char *reason)
{
    unsigned suppressed;
    if (!lost)
        return;
    fxi_metric_set_add(input->metrics, FXI_INPUT_LETTERS, FXI_LETTER_LOST, (int64_t)lost);
    if (fx_log_allowed(&input->lost_limit, &suppressed))
        fx_log(input->instance, FX_LOG_ERROR, "Dead letters were lost.", "count=%llu reason=%s suppressed=%u",
               (unsigned long long)lost, reason, suppressed);
}

static void keep(struct fx_feed *feed, const struct fx_letter *letter)
{
    struct fxi_input *input = feed->input;
    int64_t end_ms = 0;
    enum fx_verdict verdict;
    while ((verdict = offer(input, letter)) == FX_AGAIN || verdict == FX_RETRY) {
        if (!end_ms)
            end_ms = fxi_clock_ms() + feed->pipeline->config->pipeline.retry_for_ms;
        if (fxi_feed_gives_up(feed)) { /* the record is not committed either, and will be read again */
            fxi_checkpoints_abandon(feed->pipeline->checkpoints);
            return;
        }
        if (fxi_clock_ms() >= end_ms)
            break;
        pause_ms(PAUSE_MS);
    }
    if (verdict != FX_OK)
        count_lost(input, 1, verdict == FX_DROP ? "it was refused" : "there was no room in time");
}

void fxi_reject(struct fx_feed *feed, const struct fx_stream *stream, const struct fx_payload *payload,
                const char *reason, const char *where, const char *from, const char *to)
{
    struct fxi_input *input = feed->input;
    int policy = options_of(input->instance)->on_malformed;
    unsigned suppressed = 0;
    bool logged = policy == FXI_MALFORMED_STOP || fx_log_allowed(&input->malformed_limit, &suppressed);
    if (!logged && policy == FXI_MALFORMED_COUNT_ONLY)
        return;
    while (from < to && (*from == '\n' || *from == '\r' || *from == ' ' || *from == '\t')) /* between records */
        from++;
    while (to > from && (to[-1] == '\n' || to[-1] == '\r'))
        to--;
    where = where > to ? to : where; /* a truncated record ends on its own line */
    const char *line_start = where;
    while (line_start > payload->data && line_start[-1] != '\n')
        line_start--;
    struct fx_letter letter = {.data = from,
                               .size = (size_t)(to - from),
                               .reason = reason,
                               .stream = stream->name,
                               .partition = stream->partition,
                               .offset = payload->offset,
                               .line = line_of(feed, payload, where) + (stream->partition < 0 ? payload->offset : 0),
                               .column = where - line_start + 1 +
                                         (line_start == payload->data ? feed->lines.bytes_before : 0)};
    if (policy == FXI_MALFORMED_STOP) {
        log_rejected(feed, FX_LOG_ERROR, "A malformed record stops the program (on_malformed: stop).", &letter, 0);
        fxi_end_fail(&feed->pipeline->end);
        return;
    }
    if (logged)
        log_rejected(feed, FX_LOG_WARN, "A malformed record was rejected.", &letter, suppressed);
    if (policy == FXI_MALFORMED_LETTER)
        keep(feed, &letter);
}

/* Counts what the input has sent. Letters that failed for good are counted as lost. */
static int store_sent(struct fxi_input *input, int timeout_ms, struct fx_error *err)
{
    struct fx_instance *instance = input->instance;
    uint64_t stored = 0, lost = 0;
    struct fxi_call before = fxi_call_begin(instance, "letter_store", 0);
    enum fx_verdict verdict = instance->plugin->letter_store(instance->self, timeout_ms, &stored, &lost);
    fxi_call_end(before);
    fxi_metric_set_add(input->metrics, FXI_INPUT_LETTERS, FXI_LETTER_STORED, (int64_t)stored);
    count_lost(input, lost, "the brokers did not take them");
    return verdict == FX_OK ? 0 : fx_error_set(err, FX_ETIMEOUT, "dead letters are not stored yet");
}

static int store_written(const struct fxi_pipeline *pipeline, struct fxi_input *input, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(NULL, "write dead letters", 0);
    int rc = fxi_letters_store(input->letters, err);
    fxi_call_end(before);
    fxi_metric_set_add(input->metrics, FXI_INPUT_LETTERS, FXI_LETTER_STORED,
                       (int64_t)fxi_letters_stored(input->letters));
    if (!rc) {
        input->letters_fail_since_ms = 0;
        return 0;
    }
    if (!input->letters_fail_since_ms)
        input->letters_fail_since_ms = fxi_clock_ms();
    if (fxi_clock_ms() - input->letters_fail_since_ms < pipeline->config->pipeline.retry_for_ms)
        return rc;
    count_lost(input, fxi_letters_drop(input->letters), err->message);
    return 0;
}

int fxi_reject_store(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        struct fxi_input *input = &pipeline->inputs[i];
        int rc = 0;
        if (input->letters)
            rc = store_written(pipeline, input, err);
        else if (fx_letter_topic(input->instance))
            rc = store_sent(input, timeout_ms, err);
        unsigned suppressed;
        if (rc && fx_log_allowed(&input->letter_limit, &suppressed))
            fx_log(input->instance, FX_LOG_WARN,
                   "Dead letters can't be stored yet; the page stays at the last committed cut.",
                   "reason=%s suppressed=%u", err->message, suppressed);
        if (rc)
            return rc;
    }
    return 0;
}
