/*
 * Commits. One request has all positions of a checkpoint. The metadata of each offset has the checkpoint's tag,
 * before the tags of others who counted up to there. Kafka writes the request as one atomic step.
 *
 * The caller holds the core's checkpoint lock, so only one commit is under way at a time. If a commit has no answer
 * or is refused, the program looks it up: our tag at our offsets means that the commit was accepted.
 */
#include "consumer.h"

#include <string.h>

#define LOOK_MS 100
#define GONE_MS 1000 /* a partition that a coordinator does not know for so long was deleted */

/*
 * Whether to believe that the partition was deleted: then nobody can go on from there, and the commit is whole without
 * it. A coordinator that has just restarted may not know any partition for a moment. Its answer is taken only when it
 * says the same for a while. So a deletion costs one checkpoint that while.
 */
static bool is_deleted(const struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *answer)
{
    bool is_unknown = answer->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    struct kafka_partition *partition = kafka_partition_find(consumer, answer->topic, answer->partition);
    if (partition && (!is_unknown || !partition->unknown_ms))
        partition->unknown_ms = is_unknown ? kafka_now_ms() : 0;
    return is_unknown && (!partition || kafka_now_ms() - partition->unknown_ms >= GONE_MS);
}

static void on_answer(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    rd_kafka_resp_err_t answer = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? RD_KAFKA_RESP_ERR_NO_ERROR : code;
    bool has_unknown = false;
    (void)rk;
    for (int i = 0; list && i < list->cnt && !answer; i++) {
        has_unknown = has_unknown || list->elems[i].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        if (!is_deleted(consumer, &list->elems[i]))
            answer = list->elems[i].err;
    }
    consumer->ask.answer = !answer && !has_unknown ? code : answer;
    consumer->ask.in_flight = false;
}

/*
 * Writes our tag before the tags found at the assignment, so that the earlier owner of the partition finds its own
 * tag. After the tags come the records by which the log is known.
 */
static void add_tags(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *to, const char *tag,
                     const struct kafka_partition *partition)
{
    char tags[FX_TAGS_BYTES + 200];
    const char *old = partition ? partition->tags : NULL;
    fx_tags_add(tags, tag, old, old ? strlen(old) : 0);
    if (partition)
        kafka_facts_append(consumer, &partition->facts, to->offset, tags, sizeof tags);
    to->metadata = strdup(tags); /* freed with the list */
    to->metadata_size = to->metadata ? strlen(tags) : 0;
}

static rd_kafka_topic_partition_list_t *make_list(struct kafka_consumer *consumer,
                                                  const struct fx_checkpoint *checkpoint, bool with_tags)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)checkpoint->position_count);
    for (size_t i = 0; i < checkpoint->position_count; i++) {
        const struct fx_position *position = &checkpoint->positions[i];
        rd_kafka_topic_partition_t *to = rd_kafka_topic_partition_list_add(list, position->stream, position->partition);
        to->offset = position->offset;
        if (!with_tags)
            continue;
        add_tags(consumer, to, checkpoint->tag, kafka_partition_find(consumer, position->stream, position->partition));
    }
    return list;
}

static void ask_brokers(struct kafka_consumer *consumer, const struct fx_checkpoint *checkpoint)
{
    struct kafka_ask *ask = &consumer->ask;
    rd_kafka_topic_partition_list_t *list = make_list(consumer, checkpoint, true);
    ask->in_flight = true;
    ask->answer = rd_kafka_commit_queue(consumer->rk, list, consumer->commit_queue, on_answer, consumer);
    if (ask->answer)
        ask->in_flight = false; /* it was not even sent */
    rd_kafka_topic_partition_list_destroy(list);
}

static void wait_for_answer(struct kafka_consumer *consumer, int timeout_ms)
{
    if (consumer->ask.in_flight)
        rd_kafka_queue_poll_callback(consumer->commit_queue, timeout_ms);
}

/* What became of the commit. FX_OK if any partition has the tag, since a commit is accepted whole. */
static enum fx_verdict look_up(struct kafka_consumer *consumer, const struct fx_checkpoint *checkpoint, int timeout_ms,
                               struct fx_error *err)
{
    rd_kafka_topic_partition_list_t *list = make_list(consumer, checkpoint, false);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    enum fx_verdict verdict = FX_FENCED;
    for (int i = 0; i < list->cnt && !code; i++) {
        code = list->elems[i].err;
        if (!code && fx_tags_have(list->elems[i].metadata, list->elems[i].metadata_size, checkpoint->tag))
            verdict = FX_OK;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (!code || verdict == FX_OK)
        return verdict;
    fx_error_set(err, FX_ETIMEOUT, "the result of a commit can't be looked up: %s", rd_kafka_err2str(code));
    return FX_RETRY;
}

/* The group has moved on, without us or with another member. */
static bool is_refusal(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

static void report_overruled(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *found, int64_t offset)
{
    fx_metric_add(consumer->instance, KAFKA_OVERRULED, 0, 1);
    unsigned suppressed;
    if (fx_log_allowed(&consumer->partition_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_WARN,
               "The group's offset was set from outside while this program reads the partition; the program commits "
               "its own again. To move the offset, stop the program first.",
               "topic=%s partition=%d found=%lld committed=%lld suppressed=%u", found->topic, (int)found->partition,
               found->offset >= 0 ? (long long)found->offset : -1LL, (long long)offset, suppressed);
}

/*
 * Fixed partitions have no members, so the broker lets anybody set the group's offsets while they are read. The next
 * commit undoes that, and nothing is counted twice. But somebody meant something by it, so it is reported. Without
 * an answer from the broker it goes unnoticed.
 */
static void report_others(struct kafka_consumer *consumer, const struct fx_checkpoint *checkpoint)
{
    rd_kafka_topic_partition_list_t *list = make_list(consumer, checkpoint, false);
    bool is_known = !kafka_ask_committed(consumer, list, LOOK_MS);
    for (int i = 0; i < list->cnt && is_known; i++) {
        const rd_kafka_topic_partition_t *found = &list->elems[i];
        const struct kafka_partition *partition = kafka_partition_find(consumer, found->topic, found->partition);
        if (partition && partition->committed && !found->metadata_size)
            report_overruled(consumer, found, checkpoint->positions[i].offset);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static enum fx_verdict accepted(struct kafka_consumer *consumer)
{
    for (struct kafka_partition *at = consumer->partitions; at && consumer->fixed; at = at->next)
        at->committed = true;
    kafka_known_save(consumer, false);
    return FX_OK;
}

/*
 * Partitions may have changed hands since the first request: another request could move the new owner's offsets
 * back.
 */
static bool may_ask_again(const struct kafka_consumer *consumer)
{
    return !is_refusal(consumer->ask.answer) && consumer->ask.generation == atomic_load(&consumer->generation);
}

enum fx_verdict kafka_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms, struct fx_error *err)
{
    struct kafka_consumer *consumer = self;
    struct kafka_ask *ask = &consumer->ask;
    if (ask->in_flight)
        wait_for_answer(consumer, timeout_ms);
    if (!ask->in_flight && ask->number != checkpoint->number) {
        ask->number = checkpoint->number;
        ask->generation = atomic_load(&consumer->generation);
        if (consumer->fixed)
            report_others(consumer, checkpoint);
        ask_brokers(consumer, checkpoint);
        wait_for_answer(consumer, timeout_ms);
    } else if (!ask->in_flight && ask->answer && may_ask_again(consumer)) {
        ask_brokers(consumer, checkpoint);
        wait_for_answer(consumer, timeout_ms);
    }
    if (ask->in_flight || ask->number != checkpoint->number) {
        fx_error_set(err, FX_ETIMEOUT, "the brokers have not answered");
        return FX_RETRY;
    }
    if (!ask->answer)
        return accepted(consumer);
    if (!may_ask_again(consumer))
        return look_up(consumer, checkpoint, timeout_ms, err);
    fx_error_set(err, FX_EIO, "%s", rd_kafka_err2str(ask->answer));
    return FX_RETRY; /* the same request again: it is idempotent */
}
