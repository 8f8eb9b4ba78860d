/*
 * Where a partition begins when the group has no offset for it. A partition that was there at the start begins where
 * the option 'start' says. A partition added while the program runs begins at its first message. Worker 0 runs this
 * inside its poll, asks brokers and waits.
 *
 * The baseline is what was there at the start: topics and their numbers of partitions. The brokers are asked for the
 * baseline once, as soon as one answers.
 */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>

void kafka_baseline_free(struct kafka_consumer *consumer)
{
    for (size_t i = 0; i < consumer->baseline_count; i++)
        free(consumer->baseline[i].topic);
    free(consumer->baseline);
    consumer->baseline = NULL;
    consumer->baseline_count = 0;
    consumer->baseline_known = false;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const struct kafka_topic *)one)->topic, ((const struct kafka_topic *)other)->topic);
}

/* False without memory. */
static bool add_topics(struct kafka_consumer *consumer, const struct rd_kafka_metadata *metadata)
{
    struct kafka_topic *grown =
        realloc(consumer->baseline, (consumer->baseline_count + (size_t)metadata->topic_cnt + 1) * sizeof *grown);
    if (!grown)
        return false;
    consumer->baseline = grown;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        char *topic = strdup(metadata->topics[i].topic);
        if (!topic)
            return false;
        grown[consumer->baseline_count++] = (struct kafka_topic){topic, metadata->topics[i].partition_cnt};
    }
    return true;
}

/* Asks for one topic of the option, or for all topics. */
static rd_kafka_resp_err_t ask(struct kafka_consumer *consumer, const char *topic, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = topic ? rd_kafka_topic_new(consumer->rk, topic, NULL) : NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer->rk, topic == NULL, handle, &metadata, timeout_ms);
    if (!code) {
        /* A topic that the program may not see may exist: then the baseline is not known yet. */
        if (topic && metadata->topic_cnt == 1 && metadata->topics[0].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            code = metadata->topics[0].err;
        if (!code && !add_topics(consumer, metadata))
            code = RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
        rd_kafka_metadata_destroy(metadata);
    }
    if (handle)
        rd_kafka_topic_destroy(handle);
    return code;
}

rd_kafka_resp_err_t kafka_baseline_take(struct kafka_consumer *consumer, int timeout_ms)
{
    const struct fx_list *topics = &consumer->options->topics;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (consumer->baseline_known)
        return code;
    bool any_pattern = false;
    for (size_t i = 0; i < topics->count; i++)
        any_pattern = any_pattern || topics->items[i][0] == '^';
    if (any_pattern)
        code = ask(consumer, NULL, timeout_ms);
    for (size_t i = 0; i < topics->count && !any_pattern && !code; i++)
        code = ask(consumer, topics->items[i], timeout_ms);
    if (code)
        kafka_baseline_free(consumer);
    else if (consumer->baseline_count)
        qsort(consumer->baseline, consumer->baseline_count, sizeof *consumer->baseline, by_name);
    consumer->baseline_known = !code;
    return code;
}

static bool is_added(const struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition)
{
    const struct kafka_topic wanted = {.topic = partition->topic};
    const struct kafka_topic *found =
        bsearch(&wanted, consumer->baseline, consumer->baseline_count, sizeof wanted, by_name);
    return !found || partition->partition >= found->partitions;
}

/* The first message of that time or later; the end, if there is none. */
static rd_kafka_resp_err_t find_time(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition,
                                     int64_t end, int64_t *offset, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset = consumer->start_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(consumer->rk, list, timeout_ms);
    if (!code)
        code = list->elems[0].err;
    *offset = list->elems[0].offset >= 0 ? list->elems[0].offset : end;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

rd_kafka_resp_err_t kafka_find_start(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *partition,
                                     int timeout_ms)
{
    static const char *const names[] = {"latest", "earliest", "timestamp"};
    int64_t low, high;
    rd_kafka_resp_err_t code = kafka_baseline_take(consumer, timeout_ms);
    if (!code)
        code = partition->err = rd_kafka_query_watermark_offsets(consumer->rk, partition->topic, partition->partition,
                                                                 &low, &high, timeout_ms);
    if (code)
        return code;
    int start = consumer->options->start.choice;
    bool added = is_added(consumer, partition);
    int64_t offset = added || start == KAFKA_START_EARLIEST ? low : high;
    if (!added && start == KAFKA_START_TIMESTAMP)
        code = find_time(consumer, partition, high, &offset, timeout_ms);
    if (code)
        return code;
    partition->offset = offset;
    unsigned suppressed; /* repeated while another partition does not exist */
    if (fx_log_allowed(&consumer->begin_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_INFO, "The group has no offset for this partition yet.",
               "topic=%s partition=%d start=%s offset=%lld suppressed=%u", partition->topic, (int)partition->partition,
               added ? "added" : names[start], (long long)offset, suppressed);
    return code;
}
