/*
 * A log that goes back: its topic was deleted and made anew, or an election has cut off its end. librdkafka then
 * begins at the log's first record by itself (auto.offset.reset), or goes on in the middle of a new log without a
 * word.
 *
 * So reading begins one known record (facts.c) before the position. If the record is there, the log is the one that
 * we know. A worker may see a sign: offsets that go down, an end below the position, an unknown topic, a different
 * record at a known offset. Then the worker holds the partition, and worker 0 looks, alone. Worker 0 asks for the
 * ends of the log and sends librdkafka to a known record. The result decides where reading goes on. A held partition
 * counts nothing.
 */
#include "consumer.h"

#include <string.h>

#define ASK_MS   1000   /* for the time of a record, when a log has gone back */
#define PAUSE_MS 1000   /* between looks at a log that cannot be seen */
#define LOOK_MS  2000   /* of one look, in which worker 0 does not poll */
#define FAR      100000 /* offsets: what is farther before the position is not read only to be skipped */

static void doubt(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    kafka_search_again(partition); /* librdkafka will be sent elsewhere, and the batch may be gone */
    partition->log = KAFKA_LOG_DOUBTED;
    atomic_store(&consumer->has_doubts, true);
}

void kafka_log_doubt(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    if (partition && partition->log != KAFKA_LOG_DOUBTED)
        doubt(consumer, partition);
}

static void end_doubts(struct kafka_partition *partition)
{
    partition->log = KAFKA_LOG_KNOWN;
    partition->refuted_from = partition->untold_from = INT64_MAX;
    partition->confirmed = -1;
    partition->is_short = false;
}

void kafka_log_begin(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                     int64_t *begin)
{
    end_doubts(partition);
    partition->probe = kafka_facts_below(consumer, &partition->facts, 0, position, false);
    if (partition->probe.offset >= 0)
        partition->log = KAFKA_LOG_PROBED;
    *begin = partition->probe.offset >= 0 ? partition->probe.offset : position > 0 ? position - 1 : position;
    partition->expected = *begin;
}

/* A sign was seen, and no known record has proved it wrong. */
static bool was_doubted(const struct kafka_partition *partition)
{
    return partition->is_short || partition->refuted_from != INT64_MAX;
}

/* Judges the record at the offset where librdkafka was sent, or the record that came in its place. */
static void judge(struct kafka_consumer *consumer, struct kafka_partition *partition, const rd_kafka_message_t *message)
{
    bool is_there = message->offset == partition->probe.offset;
    struct kafka_fact found = is_there ? kafka_fact_of(message) : (struct kafka_fact){.offset = -1};
    bool is_same = is_there && kafka_facts_equal(&found, &partition->probe);
    bool has_sign = was_doubted(partition);
    if (is_same && has_sign)
        partition->confirmed = partition->probe.offset;
    else if (is_there && !is_same)
        partition->refuted_from = partition->probe.offset;
    else if (!is_there && has_sign) /* compacted: nobody can tell */
        partition->untold_from = partition->probe.offset;
    partition->log = KAFKA_LOG_KNOWN;
    if (has_sign || (is_there && !is_same))
        doubt(consumer, partition);
}

enum kafka_take kafka_log_take(struct kafka_consumer *consumer, struct kafka_partition *partition,
                               const rd_kafka_message_t *message, int64_t position)
{
    if (partition->log == KAFKA_LOG_DOUBTED)
        return KAFKA_HOLD;
    if (message->offset < partition->expected) {
        doubt(consumer, partition);
        return KAFKA_HOLD;
    }
    if (partition->log == KAFKA_LOG_PROBED)
        judge(consumer, partition, message);
    if (partition->log == KAFKA_LOG_DOUBTED)
        return KAFKA_HOLD;
    if (message->offset >= position)
        return KAFKA_TAKE;
    if (partition->facts.count == 0) /* nothing was known of this log */
        kafka_facts_note(consumer, partition, message);
    partition->expected = message->offset + 1;
    if (position - message->offset > FAR) {
        kafka_go_to_position(consumer, partition);
        return KAFKA_HOLD;
    }
    return KAFKA_SKIP;
}

void kafka_log_unreadable(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    if (partition->log == KAFKA_LOG_DOUBTED)
        return;
    if (partition->log == KAFKA_LOG_PROBED && was_doubted(partition)) {
        partition->untold_from = partition->probe.offset;
        doubt(consumer, partition);
        return;
    }
    partition->log = KAFKA_LOG_KNOWN;
    kafka_go_to_position(consumer, partition);
}

bool kafka_log_ends(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t end, int64_t position)
{
    bool has_sign = end < position || end < partition->expected;
    if (partition->log == KAFKA_LOG_PROBED && was_doubted(partition)) {
        partition->untold_from = partition->probe.offset; /* no record is there, but the end of a transaction, say */
        has_sign = true;
    }
    if (partition->log != KAFKA_LOG_DOUBTED && has_sign)
        doubt(consumer, partition);
    if (partition->log == KAFKA_LOG_PROBED)
        partition->log = KAFKA_LOG_KNOWN; /* the known record is gone, and the log is long enough */
    return partition->log == KAFKA_LOG_KNOWN;
}

/* ---- worker 0 looks */

static bool send_to(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset)
{
    if (!kafka_seek(consumer, partition, offset))
        return false;
    partition->expected = offset;
    kafka_search_again(partition);
    return true;
}

/* The first record that is later than the last known one, or the end. */
static bool find_later(struct kafka_consumer *consumer, const struct kafka_partition *partition,
                       const struct kafka_fact *last, int64_t end, int64_t *offset)
{
    *offset = end;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->number)->offset = last->time_ms + 1;
    bool failed = rd_kafka_offsets_for_times(consumer->rk, list, ASK_MS) || list->elems[0].err;
    if (!failed && list->elems[0].offset >= 0)
        *offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return !failed;
}

/*
 * Where reading goes on. If nothing of the log is known, the log is new: reading goes on at its first record. If the
 * log begins as we know it, it was cut: reading goes on at the first record later than what we have read. The same
 * is done when the log is too short for any known record. Records without times tell no more than what is confirmed.
 */
static bool find_beginning(struct kafka_consumer *consumer, const struct kafka_partition *partition, int64_t low,
                           int64_t high, int64_t *begin)
{
    /* Records from the position on were given back: they are not counted. */
    struct kafka_fact last =
        kafka_facts_below(consumer, &partition->facts, 0, fx_stream_position(partition->stream), false);
    bool is_new = partition->confirmed < 0 && partition->refuted_from != INT64_MAX;
    *begin = low;
    if (is_new || low == high)
        return true;
    if (last.offset >= 0 && last.time_ms >= 0 && !find_later(consumer, partition, &last, high, begin))
        return false;
    if (partition->confirmed >= 0 && *begin <= partition->confirmed)
        *begin = partition->confirmed + 1;
    if (*begin < low)
        *begin = low;
    return true;
}

static bool begin_anew(struct kafka_consumer *consumer, struct fx_feed *feed, struct kafka_partition *partition,
                       int64_t low, int64_t high)
{
    struct fx_error err = FX_ERROR_INIT;
    int64_t begin, position = fx_stream_position(partition->stream);
    unsigned suppressed;
    if (!find_beginning(consumer, partition, low, high, &begin))
        return false;
    if (fx_stream_reset(feed, partition->stream, begin, &err)) {
        if (fx_log_allowed(&consumer->partition_limit, &suppressed))
            fx_log(consumer->instance, FX_LOG_WARN,
                   "The log of a partition has gone back; the counts so far are committed first.",
                   "topic=%s partition=%d reason=%s suppressed=%u", partition->topic, (int)partition->number,
                   err.message, suppressed);
        return false;
    }
    fx_metric_add(consumer->instance, KAFKA_LOG_RESETS, begin == low ? KAFKA_LOG_REMADE : KAFKA_LOG_CUT, 1);
    fx_log(consumer->instance, FX_LOG_WARN,
           begin == low ? "The topic was created again: its records are counted from the first one."
                        : "The log has lost its end: records written since then are counted.",
           "topic=%s partition=%d position=%lld begins=%lld ends=%lld reading_from=%lld", partition->topic,
           (int)partition->number, (long long)position, (long long)low, (long long)high, (long long)begin);
    kafka_facts_cut(consumer, &partition->facts, begin);
    end_doubts(partition);
    if (!send_to(consumer, partition, begin)) {
        doubt(consumer, partition); /* the next look finds nothing wrong, and sends librdkafka there */
        return false;
    }
    return true;
}

/* A known record that the log can still have and that was not looked at: the newest, then the oldest. */
static struct kafka_fact next_probe(struct kafka_consumer *consumer, const struct kafka_partition *partition,
                                    int64_t low, int64_t below)
{
    int64_t tried = partition->refuted_from < partition->untold_from ? partition->refuted_from : partition->untold_from;
    return kafka_facts_below(consumer, &partition->facts, low, tried < below ? tried : below, tried != INT64_MAX);
}

/* False: look again. */
static bool settle(struct kafka_consumer *consumer, struct fx_feed *feed, struct kafka_partition *partition)
{
    int64_t low = partition->low, high = partition->high, position = fx_stream_position(partition->stream);
    bool was_short = partition->is_short;
    partition->is_short = high < position;
    if (was_short && !partition->is_short) /* the log has grown meanwhile: the newest known record tells */
        partition->confirmed = -1;
    if (partition->confirmed >= 0 && (partition->is_short || partition->refuted_from != INT64_MAX))
        return begin_anew(consumer, feed, partition, low, high);
    struct kafka_fact probe = next_probe(consumer, partition, low, high < position ? high : position);
    if (probe.offset >= 0 && partition->confirmed < 0) {
        if (!send_to(consumer, partition, probe.offset))
            return false;
        partition->probe = probe;
        partition->log = KAFKA_LOG_PROBED;
        return true;
    }
    if (partition->is_short || partition->refuted_from != INT64_MAX)
        return begin_anew(consumer, feed, partition, low, high);
    if (!send_to(consumer, partition, position)) /* nobody can tell that the log is a different one */
        return false;
    end_doubts(partition);
    return true;
}

static void choose_doubted(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    fx_feed_quiesce(feed);
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next)
        at->is_asked_for = at->log == KAFKA_LOG_DOUBTED && kafka_may_ask(at);
    fx_feed_resume(feed);
}

/* Brokers may be slow to answer. So this is done while checkpoints can be taken and the other workers read. */
static void ask_for_ends(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    int64_t end_ms = kafka_now_ms() + LOOK_MS;
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next)
        at->has_ends = at->is_asked_for && !fx_feed_stopping(feed) && kafka_now_ms() < end_ms &&
                       kafka_ask_ends(consumer, at, &at->low, &at->high);
}

void kafka_settle_doubts(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    bool failed = false;
    if (kafka_now_ms() < consumer->settle_again_ms)
        return;
    choose_doubted(consumer, feed);
    ask_for_ends(consumer, feed);
    fx_feed_quiesce(feed);
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next)
        if (at->log == KAFKA_LOG_DOUBTED && (!at->has_ends || fx_feed_stopping(feed) || !settle(consumer, feed, at)))
            failed = true;
    atomic_store(&consumer->has_doubts, failed);
    consumer->settle_again_ms = failed ? kafka_now_ms() + PAUSE_MS : 0;
    fx_feed_resume(feed);
}
