/*
 * Batches that librdkafka cannot read: they do not unpack, or are bigger unpacked than receive.message.max.bytes, or
 * are damaged. librdkafka asks for such a batch again and again, and its partition stands still. After a while the
 * plugin skips the batch (on_unreadable: skip), or ends the program (stop).
 *
 * Nothing tells where the batch ends, so its end is searched for. librdkafka is sent to offsets further and further
 * behind, until one is in a readable batch; then to offsets in between. An offset inside the batch gives the same
 * error. The worker notes what comes. Worker 0 sends, alone. Nothing is counted meanwhile.
 */
#include "consumer.h"

static void ask_for_step(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    partition->search.waits = true;
    atomic_store(&consumer->has_searches, true);
}

bool kafka_batch_failed(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                        const rd_kafka_message_t *message)
{
    struct kafka_search *search = &partition->search;
    int64_t now = kafka_now_ms();
    if (partition->log == KAFKA_LOG_DOUBTED) /* whether the batch is of our log is looked at first */
        return true;
    if (search->runs) {
        if (!search->waits) /* otherwise it is from before the last step */
            search->bad = search->probe;
        ask_for_step(consumer, partition);
        return true;
    }
    if (partition->expected < position) { /* before the position, where records are compared and not counted */
        kafka_log_unreadable(consumer, partition);
        return true;
    }
    if (!search->since_ms || search->bad != position) {
        search->since_ms = now;
        search->bad = position;
    }
    if (now - search->since_ms < consumer->options->unreadable_after)
        return true;
    if (consumer->options->on_unreadable.choice == KAFKA_UNREADABLE_STOP) {
        fx_log(consumer->instance, FX_LOG_ERROR, "A batch that can't be read stops the program (on_unreadable: stop).",
               "topic=%s partition=%d offset=%lld reason=%s", partition->topic, (int)partition->number,
               (long long)position, rd_kafka_message_errstr(message));
        return false;
    }
    search->runs = true;
    search->good = -1;
    search->step = 1;
    ask_for_step(consumer, partition);
    return true;
}

bool kafka_batch_came(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset)
{
    struct kafka_search *search = &partition->search;
    if (!search->runs) {
        if (search->since_ms && offset >= search->bad)
            search->since_ms = 0;
        return true;
    }
    if (!search->waits && offset < search->probe) {
        kafka_log_doubt(consumer, partition); /* the log ends before it, or begins anew */
    } else if (!search->waits) {
        search->good = search->probe;
        ask_for_step(consumer, partition);
    }
    return false;
}

/* ---- worker 0 */

static bool finish(struct kafka_consumer *consumer, struct fx_feed *feed, struct kafka_partition *partition)
{
    int64_t position = fx_stream_position(partition->stream), end = partition->search.good;
    if (!kafka_seek(consumer, partition, end))
        return false;
    partition->expected = end;
    partition->search = (struct kafka_search){.runs = false};
    fx_metric_add(consumer->instance, KAFKA_UNREADABLE, 0, 1);
    fx_log(consumer->instance, FX_LOG_ERROR, "A batch can't be read: skipping it.",
           "topic=%s partition=%d from=%lld to=%lld", partition->topic, (int)partition->number, (long long)position,
           (long long)end);
    fx_stream_lost(feed, partition->stream, position, end);
    fx_stream_pass(feed, partition->stream, end);
    kafka_trouble_batch_is_over(consumer, partition->topic);
    return true;
}

/* Goes twice as far each time, but not behind the end; then halves the distance. */
static bool step(struct kafka_consumer *consumer, struct fx_feed *feed, struct kafka_partition *partition)
{
    struct kafka_search *search = &partition->search;
    int64_t low, high;
    if (search->good < 0) {
        if (!kafka_ask_ends(consumer, partition, &low, &high))
            return false;
        if (high <= search->bad) { /* the log has lost the batch: goes_back.c looks, and ends the search */
            kafka_log_doubt(consumer, partition);
            return true;
        }
        search->probe = search->bad + search->step;
        search->step *= 2;
        if (search->probe >= high)
            search->probe = search->good = high;
    }
    if (search->good >= 0 && search->good - search->bad <= 1)
        return finish(consumer, feed, partition);
    if (search->good >= 0)
        search->probe = search->bad + (search->good - search->bad) / 2;
    if (!kafka_seek(consumer, partition, search->probe))
        return false;
    partition->expected = search->probe;
    search->waits = false;
    return true;
}

void kafka_search_batches(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    bool failed = false, has_waited = false; /* no checkpoint can be taken meanwhile: one wait is enough */
    fx_feed_quiesce(feed);
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next) {
        if (!at->search.runs || !at->search.waits)
            continue;
        if (!has_waited && kafka_may_ask(at))
            has_waited = !step(consumer, feed, at);
        else
            failed = true;
        failed = failed || has_waited;
    }
    atomic_store(&consumer->has_searches, failed);
    fx_feed_resume(feed);
}
