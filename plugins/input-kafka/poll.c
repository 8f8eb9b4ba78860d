/*
 * Messages become payloads. Each worker reads its own queue; worker 0 serves
 * the consumer's events first. Message memory lives until the worker's next poll.
 */
#include "consumer.h"

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
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return;
    kafka_trouble_note(consumer, message->err, message->rkt ? rd_kafka_topic_name(message->rkt) : NULL,
                       message->partition, rd_kafka_message_errstr(message));
}

/* Callbacks run inside; a message can only be an error, since partitions have queues of their own. */
static void serve_events(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    consumer->feed = feed;
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(consumer->rk, 0))) {
        report(consumer, message);
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

/* librdkafka's threads wrote the messages: what comes soon is asked for, so that it is here when it is looked at. */
static void fetch_ahead(const struct kafka_worker *worker, size_t at)
{
    if (at + AHEAD < worker->count)
        __builtin_prefetch(worker->messages[at + AHEAD]);
    if (at + AHEAD / 2 < worker->count)
        __builtin_prefetch(worker->messages[at + AHEAD / 2]->payload);
}

/* Runs of messages are of one partition: the stream is looked up once a run. */
static enum fx_verdict push_all(struct kafka_worker *worker, struct fx_feed *feed)
{
    const rd_kafka_message_t *last = NULL;
    struct fx_stream *stream = NULL;
    bool is_held = false; /* its partition goes back first */
    enum fx_verdict verdict = FX_OK;
    for (size_t i = 0; i < worker->count && verdict == FX_OK; i++) {
        const rd_kafka_message_t *message = worker->messages[i];
        fetch_ahead(worker, i);
        if (message->err) {
            report(worker->consumer, message);
            continue;
        }
        if (!last || last->rkt != message->rkt || last->partition != message->partition) {
            stream = fx_stream_find(feed, rd_kafka_topic_name(message->rkt), message->partition);
            is_held = stream && message->offset > fx_stream_position(stream) &&
                      !kafka_believes(worker->consumer, message, fx_stream_position(stream));
        }
        last = message;
        if (is_held)
            continue;
        verdict = push(feed, stream, message);
    }
    return verdict;
}

static enum fx_verdict prepare_poll(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    serve_events(consumer, feed);
    if (!consumer->baseline_known)
        kafka_baseline_take(consumer, BASELINE_MS);
    char reason[256];
    if (rd_kafka_fatal_error(consumer->rk, reason, sizeof reason)) {
        fx_log(consumer->instance, FX_LOG_ERROR, "librdkafka can't go on.", "reason=%s", reason);
        return FX_FATAL;
    }
    if (consumer->fixed && !consumer->fixed_assigned) {
        consumer->feed = feed;
        enum fx_verdict verdict = kafka_assign_fixed(consumer);
        consumer->feed = NULL;
        if (verdict != FX_OK)
            return verdict;
    }
    if (atomic_load(&consumer->rewinding))
        return kafka_go_back(consumer, feed);
    return atomic_load(&consumer->has_jumped) ? kafka_look_at_jumps(consumer, feed) : FX_OK;
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
    ssize_t count = rd_kafka_consume_batch_queue(worker->queue, timeout_ms, worker->messages, worker->capacity);
    if (count == 0)
        kafka_check_positions(worker);
    if (count <= 0)
        return count < 0 ? FX_RETRY : FX_AGAIN;
    worker->count = (size_t)count;
    return push_all(worker, feed);
}
