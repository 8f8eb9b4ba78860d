/*
 * Jumps: a message whose offset is not the stream's next one. Offsets can be missing in a topic: by compaction, at
 * the ends of transactions, or where old records were dropped. But librdkafka (2.0) also loses messages. When a
 * rebalance pauses a partition while rd_kafka_consume_batch_queue gathers a batch, librdkafka removes the gathered
 * messages from the batch and goes on behind them.
 *
 * So a jump is believed only the second time, after going back to the stream's position, and only if there was no
 * rebalance in between. A paused partition also forgets where it was sent, and goes on from where librdkafka last
 * was. Workers mark their own partitions. Worker 0 goes back, alone.
 */
#include "consumer.h"

#include <string.h>

#define ASK_MS   1000
#define PAUSE_MS 3000 /* after a question without an answer: others have their turn */

struct kafka_partition *kafka_partition_find(const struct kafka_consumer *consumer, const char *topic, int32_t number)
{
    return (struct kafka_partition *)kafka_index_find(&consumer->partition_index, topic, number);
}

bool kafka_may_ask(const struct kafka_partition *partition)
{
    return kafka_now_ms() >= partition->ask_again_ms;
}

bool kafka_ask_ends(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t *low, int64_t *high)
{
    bool is_known =
        !rd_kafka_query_watermark_offsets(consumer->rk, partition->topic, partition->number, low, high, ASK_MS);
    partition->ask_again_ms = is_known ? 0 : kafka_now_ms() + PAUSE_MS;
    return is_known;
}

bool kafka_seek(struct kafka_consumer *consumer, const struct kafka_partition *partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->number)->offset = offset;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->rk, list, ASK_MS);
    bool done = !error && !list->elems[0].err;
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return done;
}

static void mark(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    partition->jump = KAFKA_JUMP_DOUBTED;
    atomic_store(&consumer->has_jumped, true);
}

void kafka_go_to_position(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    if (partition->jump == KAFKA_JUMP_NONE)
        mark(consumer, partition);
}

static bool was_gone_back_to(const struct kafka_consumer *consumer, const struct kafka_partition *partition,
                             int64_t position)
{
    return partition->gone_back_to == position && partition->gone_back_in == atomic_load(&consumer->generation);
}

bool kafka_believes(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset,
                    int64_t position)
{
    if (partition->jump == KAFKA_JUMP_NONE && was_gone_back_to(consumer, partition, position)) {
        partition->jump = KAFKA_JUMP_BELIEVED;
        partition->jump_to = offset;
        partition->jump_from = position;
        atomic_store(&consumer->has_jumped, true);
        return true;
    }
    if (partition->jump == KAFKA_JUMP_NONE)
        mark(consumer, partition);
    return partition->jump == KAFKA_JUMP_BELIEVED;
}

/*
 * Corrects librdkafka's position. From 2.2 on, up to the release with its change 5213, librdkafka counts its report of
 * a partition's end as a message.
 */
static int64_t position_of(const struct kafka_partition *partition, int64_t said)
{
    return said > 0 && said - 1 == partition->told_end ? partition->told_end : said;
}

/*
 * No later message shows a loss at the end of a topic, but librdkafka's own position does. The worker is idle, so
 * all messages that it was given are counted.
 */
void kafka_check_positions(struct kafka_worker *worker)
{
    struct kafka_consumer *consumer = worker->consumer;
    time_t now = time(NULL);
    if (now == worker->checked)
        return;
    worker->checked = now;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (const struct kafka_partition *at = consumer->partitions; at; at = at->next)
        if (at->worker == worker->index)
            rd_kafka_topic_partition_list_add(list, at->topic, at->number);
    if (list->cnt && rd_kafka_position(consumer->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (int i = 0; i < list->cnt; i++) {
            struct kafka_partition *partition =
                kafka_partition_find(consumer, list->elems[i].topic, list->elems[i].partition);
            int64_t position = position_of(partition, list->elems[i].offset);
            if (!list->elems[i].err && position > fx_stream_position(partition->stream) &&
                partition->jump == KAFKA_JUMP_NONE && partition->log == KAFKA_LOG_KNOWN && !partition->search.runs &&
                !was_gone_back_to(consumer, partition, fx_stream_position(partition->stream)))
                mark(consumer, partition);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* The partition's first offset tells how many of the missing offsets are records that are gone. */
static bool count_lost(struct kafka_consumer *consumer, struct fx_feed *feed, struct kafka_partition *partition)
{
    int64_t low, high;
    if (!kafka_ask_ends(consumer, partition, &low, &high))
        return false;
    unsigned suppressed;
    if (fx_log_allowed(&consumer->partition_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_INFO, "The topic does not have these offsets, or has them no longer.",
               "topic=%s partition=%d from=%lld to=%lld suppressed=%u", partition->topic, (int)partition->number,
               (long long)partition->jump_from, (long long)partition->jump_to, suppressed);
    if (low > partition->jump_from)
        fx_stream_lost(feed, partition->stream, partition->jump_from,
                       low < partition->jump_to ? low : partition->jump_to);
    return true;
}

static bool go_back(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    int64_t position = fx_stream_position(partition->stream);
    if (!kafka_seek(consumer, partition, position))
        return false;
    partition->expected = position;
    partition->gone_back_to = position;
    partition->gone_back_in = atomic_load(&consumer->generation);
    fx_metric_add(consumer->instance, KAFKA_GONE_BACK, 0, 1);
    fx_log(consumer->instance, FX_LOG_DEBUG, "Offsets were missing; going back to check whether they exist.",
           "topic=%s partition=%d offset=%lld", partition->topic, (int)partition->number, (long long)position);
    return true;
}

enum fx_verdict kafka_settle_jumps(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    bool failed = false, has_waited = false; /* no checkpoint can be taken meanwhile: one wait is enough */
    fx_feed_quiesce(feed);
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next) {
        bool done = at->jump == KAFKA_JUMP_NONE || at->log != KAFKA_LOG_KNOWN ||
                    at->search.runs; /* librdkafka is sent elsewhere */
        if (!done && !has_waited && kafka_may_ask(at)) {
            done = at->jump == KAFKA_JUMP_BELIEVED ? count_lost(consumer, feed, at) : go_back(consumer, at);
            has_waited = !done;
        }
        if (done)
            at->jump = KAFKA_JUMP_NONE;
        failed = failed || !done;
    }
    atomic_store(&consumer->has_jumped, failed);
    fx_feed_resume(feed);
    return failed ? FX_RETRY : FX_OK;
}
