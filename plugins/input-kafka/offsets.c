/*
 * Where a partition begins: at the group's committed offset, else where the
 * option 'start' says. Worker 0, inside its poll; asks brokers and waits.
 */
#include "consumer.h"

/* A partition without a committed offset. */
static rd_kafka_resp_err_t find_start(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *partition,
                                      int timeout_ms)
{
    int64_t low, high;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(consumer->rk, partition->topic, partition->partition, &low, &high, timeout_ms);
    if (code)
        return code;
    partition->offset = consumer->options->start == KAFKA_START_EARLIEST ? low : high;
    fx_log(consumer->instance, FX_LOG_INFO, "The group has no offset for this partition yet.",
           "topic=%s partition=%d start=%s offset=%lld", partition->topic, (int)partition->partition,
           consumer->options->start == KAFKA_START_EARLIEST ? "earliest" : "latest", (long long)partition->offset);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t kafka_find_offsets(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                       bool *fresh, int timeout_ms)
{
    *fresh = false;
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    for (int i = 0; i < list->cnt && !code; i++) {
        rd_kafka_topic_partition_t *partition = &list->elems[i];
        code = partition->err;
        if (code || partition->offset >= 0)
            continue;
        *fresh = true;
        code = find_start(consumer, partition, timeout_ms);
    }
    return code;
}
