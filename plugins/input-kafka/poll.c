/*
 * Messages become payloads. Each worker reads its own queue. Worker 0 serves the consumer's events first. A
 * message's memory lives until the worker's next poll.
 */
#include "consumer.h"

#include <string.h>

#define AHEAD 8 /* messages */

#define BASELINE_MS 100

void kafka_worker_forget(struct kafka_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        rd_kafka_message_destroy(worker->messages[i]);
    worker->count = 0;
}

/* A partition's or topic's trouble, in place of a message. */
static void report(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
    kafka_trouble_note(consumer, message->err, message->rkt ? rd_kafka_topic_name(message->rkt) : NULL,
                       message->partition, rd_kafka_message_errstr(message));
}

/* A topic that is gone can come back as a different one. */
static void doubt_topic(struct kafka_consumer *consumer, struct fx_feed *feed, const char *topic)
{
    fx_feed_quiesce(feed);
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next)
        if (strcmp(at->topic, topic) == 0)
            kafka_log_doubt(consumer, at);
    fx_feed_resume(feed);
}

/* Callbacks run inside. A message here can only be an error, since partitions have queues of their own. */
static void serve_events(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    consumer->feed = feed;
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(consumer->rk, 0))) {
        report(consumer, message);
        if (kafka_trouble_of(message->err) == KAFKA_TROUBLE_TOPIC_UNKNOWN && message->rkt)
            doubt_topic(consumer, feed, rd_kafka_topic_name(message->rkt));
        rd_kafka_message_destroy(message);
    }
    consumer->feed = NULL;
}

static enum fx_verdict push(struct fx_feed *feed, struct fx_stream *stream, const rd_kafka_message_t *message)
{
    struct fx_payload payload = {
        .data = message->payload, .size = message->len, .offset = message->offset, .next = message->offset + 1};
    if (message->len)
        return fx_feed_push(feed, stream, &payload);
    payload.data = "";
    fx_feed_reject(feed, stream, &payload, FX_REJECT_EMPTY);
    return FX_OK;
}

/*
 * librdkafka's threads wrote the messages. Prefetching those that come soon has them in the cache when they are
 * read.
 */
static void fetch_ahead(const struct kafka_worker *worker, size_t at)
{
    if (at + AHEAD < worker->count)
        __builtin_prefetch(worker->messages[at + AHEAD]);
    if (at + AHEAD / 2 < worker->count)
        __builtin_prefetch(worker->messages[at + AHEAD / 2]->payload);
}

/* Consecutive messages of one partition. Stream and partition are looked up once for each run. */
struct run {
    const rd_kafka_message_t *last; /* NULL: there is none */
    struct fx_stream *stream;
    struct kafka_partition *partition;
    enum kafka_take take;
};

static bool goes_on(const struct run *run, const rd_kafka_message_t *message)
{
    return run->last && run->last->rkt == message->rkt && run->last->partition == message->partition &&
           message->offset > run->last->offset;
}

static void end_run(struct kafka_worker *worker, struct run *run)
{
    if (run->last && run->partition && run->take == KAFKA_TAKE) {
        run->partition->expected = run->last->offset + 1;
        kafka_facts_note(worker->consumer, run->partition, run->last);
    }
    run->last = NULL;
}

static void find_run(struct kafka_worker *worker, struct fx_feed *feed, struct run *run,
                     const rd_kafka_message_t *message)
{
    run->stream = fx_stream_find(feed, rd_kafka_topic_name(message->rkt), message->partition);
    run->partition = run->stream
                         ? kafka_partition_find(worker->consumer, rd_kafka_topic_name(message->rkt), message->partition)
                         : NULL;
}

static void begin_run(struct kafka_worker *worker, struct fx_feed *feed, struct run *run,
                      const rd_kafka_message_t *message)
{
    end_run(worker, run);
    find_run(worker, feed, run, message);
    run->take = KAFKA_TAKE;
    if (run->partition) {
        int64_t position = fx_stream_position(run->stream);
        run->take = kafka_batch_came(worker->consumer, run->partition, message->offset)
                        ? kafka_log_take(worker->consumer, run->partition, message, position)
                        : KAFKA_HOLD;
        if (run->take == KAFKA_TAKE && message->offset > position &&
            !kafka_believes(worker->consumer, run->partition, message->offset, position))
            run->take = KAFKA_HOLD; /* its partition goes back first */
    }
    run->last = run->take == KAFKA_SKIP ? NULL : message;
}

/* All of the log was delivered. Offsets up to its end without a message are ends of transactions and the like. */
static void take_end(struct kafka_worker *worker, struct fx_feed *feed, struct run *run,
                     const rd_kafka_message_t *message)
{
    end_run(worker, run);
    find_run(worker, feed, run, message);
    if (run->partition)
        run->partition->told_end = message->offset;
    if (!run->partition || !kafka_batch_came(worker->consumer, run->partition, message->offset))
        return;
    int64_t position = fx_stream_position(run->stream);
    if (!kafka_log_ends(worker->consumer, run->partition, message->offset, position))
        return;
    run->partition->expected = message->offset;
    if (message->offset > position && kafka_believes(worker->consumer, run->partition, message->offset, position))
        fx_stream_pass(feed, run->stream, message->offset);
}

static enum fx_verdict take_error(struct kafka_worker *worker, struct fx_feed *feed, struct run *run,
                                  const rd_kafka_message_t *message)
{
    enum kafka_trouble trouble = kafka_trouble_of(message->err);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        take_end(worker, feed, run, message);
        return FX_OK;
    }
    report(worker->consumer, message);
    end_run(worker, run);
    if (!message->rkt)
        return FX_OK;
    find_run(worker, feed, run, message);
    if (!run->partition)
        return FX_OK;
    if (trouble == KAFKA_TROUBLE_TOPIC_UNKNOWN)
        kafka_log_doubt(worker->consumer, run->partition);
    if (trouble == KAFKA_TROUBLE_BATCH &&
        !kafka_batch_failed(worker->consumer, run->partition, fx_stream_position(run->stream), message))
        return FX_FATAL;
    return FX_OK;
}

static enum fx_verdict push_all(struct kafka_worker *worker, struct fx_feed *feed)
{
    struct run run = {.last = NULL};
    enum fx_verdict verdict = FX_OK;
    for (size_t i = 0; i < worker->count && verdict == FX_OK; i++) {
        const rd_kafka_message_t *message = worker->messages[i];
        fetch_ahead(worker, i);
        if (message->err) {
            verdict = take_error(worker, feed, &run, message);
            continue;
        }
        if (!goes_on(&run, message))
            begin_run(worker, feed, &run, message);
        else
            run.last = message;
        if (run.take == KAFKA_TAKE)
            verdict = push(feed, run.stream, message);
    }
    end_run(worker, &run);
    return verdict;
}

static enum fx_verdict prepare_poll(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    serve_events(consumer, feed);
    if (!consumer->baseline_known)
        kafka_baseline_take(consumer, BASELINE_MS);
    char reason[256];
    if (rd_kafka_fatal_error(consumer->rk, reason, sizeof reason)) {
        fx_log(consumer->instance, FX_LOG_ERROR, "librdkafka can't continue.", "reason=%s", reason);
        return FX_FATAL;
    }
    if (consumer->fixed && !consumer->fixed_assigned) {
        consumer->feed = feed;
        enum fx_verdict verdict = kafka_assign_fixed(consumer);
        consumer->feed = NULL;
        if (verdict != FX_OK)
            return verdict;
    }
    if (consumer->lacks_memory) {
        fx_log(consumer->instance, FX_LOG_ERROR, "There is no memory for a new partition.", NULL);
        return FX_FATAL;
    }
    if (atomic_load(&consumer->rewinding))
        return kafka_go_back(consumer, feed);
    if (atomic_load(&consumer->has_searches))
        kafka_search_batches(consumer, feed);
    if (atomic_load(&consumer->has_doubts))
        kafka_settle_doubts(consumer, feed);
    if (atomic_load(&consumer->rewinding)) /* a look has ended in a rollback */
        return kafka_go_back(consumer, feed);
    return atomic_load(&consumer->has_jumped) ? kafka_settle_jumps(consumer, feed) : FX_OK;
}

/* Partitions that were missed while messages were gathered: those messages come from before. */
static void doubt_missed(struct kafka_worker *worker)
{
    atomic_store(&worker->has_missed, false);
    for (struct kafka_partition *at = worker->consumer->partitions; at; at = at->next) {
        if (at->worker == worker->index && atomic_exchange(&at->is_missed, false))
            kafka_log_doubt(worker->consumer, at);
    }
}

static enum fx_verdict take_messages(struct kafka_worker *worker, struct fx_feed *feed, int timeout_ms)
{
    ssize_t count = rd_kafka_consume_batch_queue(worker->queue, timeout_ms, worker->messages, worker->capacity);
    if (count == 0)
        kafka_check_positions(worker);
    if (count <= 0)
        return count < 0 ? FX_RETRY : FX_AGAIN;
    worker->count = (size_t)count;
    return push_all(worker, feed);
}

enum fx_verdict kafka_poll(void *self, void *context, struct fx_feed *feed, int timeout_ms)
{
    struct kafka_consumer *consumer = self;
    struct kafka_worker *worker = context;
    kafka_worker_forget(worker);
    if (worker->index == 0) {
        enum fx_verdict verdict = prepare_poll(consumer, feed);
        if (verdict != FX_OK)
            return verdict;
    } else if (atomic_load(&consumer->rewinding)) {
        return FX_RETRY; /* worker 0 is about to go back */
    }
    enum fx_verdict verdict = take_messages(worker, feed, timeout_ms);
    if (atomic_load(&worker->has_missed))
        doubt_missed(worker);
    return verdict;
}
