/*
 * Where a partition goes on: at the group's committed offset, else where
 * begin.c says. Worker 0, inside its poll; asks brokers and waits.
 */
#include "consumer.h"

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
        code = kafka_find_start(consumer, partition, timeout_ms);
    }
    return code;
}
