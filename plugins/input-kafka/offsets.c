/*
 * Where a partition goes on: at the group's committed offset; otherwise where the last kept checkpoint left it;
 * otherwise where begin.c says. Worker 0 runs this inside its poll; kafka_recall runs before the first poll. All
 * functions ask brokers and wait.
 */
#include "consumer.h"

#include <stdio.h>

#define IS_COMMITTED ((void *)1) /* the opaque member of a partition whose offset the group has */

static bool is_unknown(rd_kafka_resp_err_t code)
{
    return kafka_trouble_of(code) == KAFKA_TROUBLE_TOPIC_UNKNOWN;
}

/*
 * The group has forgotten the offset, but the state directory or this process has not. A deleted topic takes its
 * offsets with it, so the log may now be a different one: goes_back.c sees that.
 */
static rd_kafka_resp_err_t find_kept(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *partition,
                                     int64_t *begin, bool may_be_gone, int timeout_ms)
{
    int64_t position = -1, low, high;
    const struct kafka_known *known = kafka_known_find(consumer, partition->topic, partition->partition);
    bool is_kept = fx_stream_recovered(consumer->feed, partition->topic, partition->partition, &position);
    if (known && known->stream) /* later than the position recovered at the start; what was given back is not in it */
        position = fx_stream_position(known->stream);
    if (position < 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(consumer->rk, partition->topic, partition->partition, &low, &high, timeout_ms);
    if (code && !(may_be_gone && is_unknown(code)))
        return code;
    *begin = position;
    fx_log(consumer->instance, FX_LOG_WARN,
           is_kept ? "The group has lost its offset; continuing at the offset in the state directory."
                   : "The group has lost its offset; continuing at this process's position.",
           "topic=%s partition=%d offset=%lld", partition->topic, (int)partition->partition, (long long)position);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Asks for each partition's offset and the tags beside it. Gives the first error of any partition. */
rd_kafka_resp_err_t kafka_ask_committed(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                        int timeout_ms)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    for (int i = 0; i < list->cnt && !code; i++)
        code = list->elems[i].err;
    return code;
}

rd_kafka_resp_err_t kafka_find_offsets(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                       bool *fresh, bool may_be_gone, int timeout_ms)
{
    *fresh = false;
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    for (int i = 0; i < list->cnt && !code; i++)
        code = may_be_gone && is_unknown(list->elems[i].err) ? RD_KAFKA_RESP_ERR_NO_ERROR : list->elems[i].err;
    /* Read all tags before any position: tags can still change what was recovered. */
    for (int i = 0; i < list->cnt && !code; i++)
        fx_feed_found_tags(consumer->feed, list->elems[i].metadata, list->elems[i].metadata_size);
    for (int i = 0; i < list->cnt && !code; i++) {
        rd_kafka_topic_partition_t *partition = &list->elems[i];
        partition->opaque = partition->offset >= 0 ? IS_COMMITTED : NULL;
        if (partition->opaque)
            continue;
        *fresh = true;
        code = find_kept(consumer, partition, &partition->offset, may_be_gone, timeout_ms);
        if (!code && partition->offset < 0)
            code = kafka_find_start(consumer, partition, timeout_ms);
        if (may_be_gone && is_unknown(code)) { /* if it is there again, it is another topic */
            partition->offset = 0;
            code = RD_KAFKA_RESP_ERR_NO_ERROR;
        }
    }
    return code;
}

void kafka_offset_taken(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition)
{
    if (partition->opaque != IS_COMMITTED)
        return;
    int64_t moved = fx_stream_found(consumer->feed, partition->topic, partition->partition, partition->offset,
                                    partition->metadata, partition->metadata_size);
    if (!moved)
        return;
    char number[16];
    snprintf(number, sizeof number, "%d", (int)partition->partition);
    const char *labels[] = {partition->topic, number, moved > 0 ? "repeated" : "skipped"};
    /* This stays until the program ends: records that were counted twice stay so. */
    fx_series_add(fx_series_begin(consumer->instance, KAFKA_MOVED, labels), moved > 0 ? moved : -moved);
}

/*
 * The offset of a topic that this input no longer reads can't be read: the right to see it was taken away, or the topic is
 * gone. Nobody waits for that.
 */
static bool is_idle(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition)
{
    unsigned suppressed;
    enum kafka_trouble trouble = kafka_trouble_of(partition->err);
    bool is_right = trouble == KAFKA_TROUBLE_TOPIC_RIGHT && !kafka_reads(consumer, partition->topic);
    if (is_right && fx_log_allowed(&consumer->partition_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_WARN,
               "The offset of a topic that this input no longer reads can't be read; going on without it.",
               "topic=%s partition=%d reason=%s suppressed=%u", partition->topic, (int)partition->partition,
               rd_kafka_err2str(partition->err), suppressed);
    return is_right || trouble == KAFKA_TROUBLE_TOPIC_UNKNOWN;
}

enum fx_verdict kafka_recall(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err)
{
    struct kafka_consumer *consumer = self;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)recall->position_count);
    for (size_t i = 0; i < recall->position_count; i++)
        rd_kafka_topic_partition_list_add(list, recall->positions[i].stream, recall->positions[i].partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    for (int i = 0; i < list->cnt && !code; i++)
        code = is_idle(consumer, &list->elems[i]) ? RD_KAFKA_RESP_ERR_NO_ERROR : list->elems[i].err;
    for (int i = 0; i < list->cnt && !code; i++)
        if (!list->elems[i].err)
            fx_recall_found(recall, list->elems[i].metadata, list->elems[i].metadata_size);
    rd_kafka_topic_partition_list_destroy(list);
    if (!code)
        return FX_OK;
    fx_error_set(err, FX_ETIMEOUT, "the group's offsets can't be read: %s", rd_kafka_err2str(code));
    return FX_RETRY;
}
