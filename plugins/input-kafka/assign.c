/*
 * Partitions come and go. This runs in worker 0's poll, while all other workers are kept out. When partitions are
 * given away in order, a checkpoint is taken first. When they are lost, the counts since the last commit are given
 * back.
 */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASK_MS   2000
#define PAUSE_NS 100000000
#define GONE_MS  5000 /* a topic that brokers do not know for so long was deleted */

static bool is_cooperative(const struct kafka_consumer *consumer)
{
    const char *protocol = rd_kafka_rebalance_protocol(consumer->rk);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

static void note_change(struct kafka_consumer *consumer, enum kafka_change change,
                        const rd_kafka_topic_partition_list_t *list)
{
    atomic_fetch_add(&consumer->generation, 1);
    fx_metric_add(consumer->instance, KAFKA_REBALANCES, change, 1);
    int64_t assigned = 0;
    for (const struct kafka_partition *at = consumer->partitions; at; at = at->next)
        assigned++;
    fx_metric_set(consumer->instance, KAFKA_ASSIGNED, 0, assigned);
    if (change != KAFKA_CHANGE_REVOKED) /* orderly changes are over in a moment */
        kafka_trouble_assigned(consumer, change == KAFKA_CHANGE_ASSIGNED ? list : NULL);
    static const char *const sentences[] = {"Partitions were assigned.", "Partitions were given away.",
                                            "Partitions were lost."};
    fx_log(consumer->instance, FX_LOG_INFO, sentences[change], "count=%d assigned=%lld", list->cnt,
           (long long)assigned);
}

static void free_partition(struct kafka_partition *partition)
{
    fx_series_end(partition->lag);
    fx_series_end(partition->position);
    rd_kafka_queue_forward(partition->queue, NULL);
    rd_kafka_queue_destroy(partition->queue);
    free(partition->topic);
    free(partition->tags);
    free(partition);
}

void kafka_forget_partitions(struct kafka_consumer *consumer)
{
    for (struct kafka_partition *at = consumer->partitions, *next; at; at = next) {
        next = at->next;
        free_partition(at);
    }
    consumer->partitions = NULL;
    kafka_index_fini(&consumer->partition_index);
}

static void remove_partition(struct kafka_consumer *consumer, const char *topic, int32_t number)
{
    struct kafka_partition *gone = kafka_partition_find(consumer, topic, number);
    if (!gone)
        return;
    *gone->link = gone->next;
    if (gone->next)
        gone->next->link = gone->link;
    kafka_index_remove(&consumer->partition_index, &gone->key);
    kafka_known_keep(consumer, gone);
    if (consumer->feed)
        fx_stream_end(consumer->feed, gone->stream);
    free_partition(gone);
}

/* Reads the tags stored beside the offset. If the group has forgotten the offset, takes what this process knows. */
static void learn(struct kafka_consumer *consumer, struct kafka_partition *partition)
{
    kafka_facts_read(&partition->facts, partition->tags);
    const struct kafka_known *known = kafka_known_find(consumer, partition->topic, partition->number);
    if (!partition->facts.count && known)
        partition->facts = known->facts;
}

/* NULL without memory. */
static struct kafka_partition *partition_new(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *from)
{
    struct kafka_partition *partition = calloc(1, sizeof *partition);
    if (!partition)
        return NULL;
    partition->topic = strdup(from->topic);
    if (from->metadata_size)
        partition->tags = strndup(from->metadata, from->metadata_size);
    if (partition->topic && (partition->tags || !from->metadata_size) &&
        kafka_index_add(&consumer->partition_index, &partition->key, partition->topic, from->partition))
        return partition;
    free(partition->topic);
    free(partition->tags);
    free(partition);
    return NULL;
}

/*
 * Partitions are given to the workers in turn. from->offset becomes the offset where librdkafka begins. Without
 * memory for a partition, the next poll ends the program.
 */
static void add_partition(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *from)
{
    struct kafka_partition *partition = partition_new(consumer, from);
    if (!partition) {
        consumer->lacks_memory = true;
        return;
    }
    partition->number = from->partition;
    partition->begin = from->offset;
    partition->worker = consumer->next_worker;
    partition->gone_back_to = -1;
    partition->told_end = -1;
    kafka_offset_taken(consumer, from);
    partition->stream = fx_stream_begin(consumer->feed, from->topic, from->partition, from->offset);
    learn(consumer, partition);
    kafka_log_begin(consumer, partition, from->offset, &from->offset);
    partition->queue = rd_kafka_queue_get_partition(consumer->rk, from->topic, from->partition);
    rd_kafka_queue_forward(partition->queue, consumer->workers[consumer->next_worker]->queue);
    consumer->next_worker = (consumer->next_worker + 1) % consumer->worker_count;
    partition->next = consumer->partitions;
    partition->link = &consumer->partitions;
    if (partition->next)
        partition->next->link = &partition->next;
    consumer->partitions = partition;
}

static void note_waiting(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list,
                         rd_kafka_resp_err_t code, const char *sentence)
{
    enum kafka_trouble trouble = kafka_trouble_of(code);
    bool of_topic = trouble == KAFKA_TROUBLE_TOPIC_RIGHT || trouble == KAFKA_TROUBLE_TOPIC_UNKNOWN;
    int at = 0;
    while (at < list->cnt - 1 && list->elems[at].err != code)
        at++;
    if (trouble != KAFKA_TROUBLE_OTHER)
        kafka_trouble_note(consumer, code, of_topic ? list->elems[at].topic : NULL, list->elems[at].partition,
                           rd_kafka_err2str(code));
    unsigned suppressed;
    if (fx_log_allowed(&consumer->partition_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_WARN, sentence, "reason=%s suppressed=%u", rd_kafka_err2str(code),
               suppressed);
}

/*
 * Waits for the brokers without limit: without offsets there is no place to begin. A topic that was deleted since the
 * group has shared its partitions is not waited for: it would keep all others from being read.
 */
static bool find_offsets(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list, bool *fresh)
{
    rd_kafka_resp_err_t code;
    int64_t unknown_ms = 0; /* since when */
    bool may_be_gone = false;
    while ((code = kafka_find_offsets(consumer, list, fresh, may_be_gone, ASK_MS))) {
        bool is_unknown = kafka_trouble_of(code) == KAFKA_TROUBLE_TOPIC_UNKNOWN;
        unknown_ms = !is_unknown ? 0 : unknown_ms ? unknown_ms : kafka_now_ms();
        may_be_gone = is_unknown && kafka_now_ms() - unknown_ms >= GONE_MS;
        note_waiting(consumer, list, code, "The committed offsets can't be read; trying again.");
        if (fx_feed_stopping(consumer->feed))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL); /* brokers may have answered at once */
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    }
    return true;
}

static void report_refusal(struct kafka_consumer *consumer, rd_kafka_error_t *error)
{
    if (!error)
        return;
    fx_log(consumer->instance, FX_LOG_ERROR, "An assignment was refused.", "reason=%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void give_to_librdkafka(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    if (is_cooperative(consumer))
        report_refusal(consumer, rd_kafka_incremental_assign(consumer->rk, list));
    else
        rd_kafka_assign(consumer->rk, list);
}

static void take_from_librdkafka(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    if (is_cooperative(consumer))
        report_refusal(consumer, rd_kafka_incremental_unassign(consumer->rk, list));
    else
        rd_kafka_assign(consumer->rk, NULL);
}

/*
 * The beginning of a partition without a committed offset is committed at once. Otherwise a crash before the first
 * checkpoint could skip records.
 */
static void commit_beginning(struct kafka_consumer *consumer)
{
    struct fx_error err = FX_ERROR_INIT;
    if (fx_feed_checkpoint(consumer->feed, &err))
        fx_log(consumer->instance, FX_LOG_WARN, "The positions at which reading begins could not be committed yet.",
               "reason=%s", err.message);
}

static void on_assign(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    bool fresh = false;
    fx_feed_quiesce(consumer->feed);
    if (list->cnt == 0 || find_offsets(consumer, list, &fresh)) {
        for (int i = 0; i < list->cnt; i++)
            add_partition(consumer, &list->elems[i]);
        give_to_librdkafka(consumer, list);
        note_change(consumer, KAFKA_CHANGE_ASSIGNED, list);
        if (fresh)
            commit_beginning(consumer);
    }
    fx_feed_resume(consumer->feed);
}

static void on_revoke(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    bool lost = rd_kafka_assignment_lost(consumer->rk);
    struct fx_error err = FX_ERROR_INIT;
    fx_feed_quiesce(consumer->feed);
    if (lost) {
        atomic_fetch_add(&consumer->generation, 1); /* a commit under way is looked up, not asked for again */
        fx_feed_rollback(consumer->feed);
    } else if (consumer->partitions && fx_feed_checkpoint(consumer->feed, &err)) {
        fx_log(consumer->instance, FX_LOG_WARN, "Partitions are given away without a checkpoint.", "reason=%s",
               err.message);
    }
    for (int i = 0; i < list->cnt; i++)
        remove_partition(consumer, list->elems[i].topic, list->elems[i].partition);
    take_from_librdkafka(consumer, list);
    note_change(consumer, lost ? KAFKA_CHANGE_LOST : KAFKA_CHANGE_REVOKED, list);
    fx_feed_resume(consumer->feed);
}

void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    if (!consumer->feed) { /* closing: the last checkpoint was taken before */
        rd_kafka_assign(rk, NULL);
    } else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, list);
    } else {
        on_revoke(consumer, list);
    }
}

/* Fixed partitions: assigned once, at the group's offsets. */
enum fx_verdict kafka_assign_fixed(struct kafka_consumer *consumer)
{
    const struct fx_list *topics = &consumer->options->topics;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)(topics->count * consumer->fixed_count));
    for (size_t i = 0; i < topics->count; i++)
        for (size_t j = 0; j < consumer->fixed_count; j++)
            rd_kafka_topic_partition_list_add(list, topics->items[i], consumer->fixed[j]);
    bool fresh;
    rd_kafka_resp_err_t code = kafka_find_offsets(consumer, list, &fresh, false, ASK_MS);
    if (code) {
        note_waiting(consumer, list, code, "The partitions can't be read yet; trying again.");
    } else {
        fx_feed_quiesce(consumer->feed);
        for (int i = 0; i < list->cnt; i++)
            add_partition(consumer, &list->elems[i]);
        rd_kafka_assign(consumer->rk, list);
        consumer->fixed_assigned = true;
        note_change(consumer, KAFKA_CHANGE_ASSIGNED, list);
        if (fresh)
            commit_beginning(consumer);
        fx_feed_resume(consumer->feed);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code ? FX_RETRY : FX_OK;
}

/*
 * The core has put the streams back. Messages that librdkafka has fetched meanwhile are void. Worker 0's next poll
 * does the work.
 */
void kafka_rewind(void *self, const struct fx_checkpoint *checkpoint)
{
    struct kafka_consumer *consumer = self;
    (void)checkpoint; /* the streams know their positions: some may end before worker 0 goes back */
    atomic_store(&consumer->rewinding, true);
}

enum fx_verdict kafka_go_back(struct kafka_consumer *consumer, struct fx_feed *feed)
{
    fx_feed_quiesce(feed);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (const struct kafka_partition *at = consumer->partitions; at; at = at->next)
        rd_kafka_topic_partition_list_add(list, at->topic, at->number)->offset = fx_stream_position(at->stream);
    rd_kafka_error_t *error = list->cnt ? rd_kafka_seek_partitions(consumer->rk, list, ASK_MS) : NULL;
    bool failed = error != NULL;
    for (int i = 0; i < list->cnt; i++)
        failed = failed || list->elems[i].err;
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next) {
        at->expected = fx_stream_position(at->stream);
        kafka_search_again(at);
        if (at->log == KAFKA_LOG_PROBED) /* the record that was to decide does not come any more */
            kafka_log_doubt(consumer, at);
    }
    if (failed)
        fx_log(consumer->instance, FX_LOG_WARN, "Going back to the committed offsets failed; trying again.",
               "reason=%s", error ? rd_kafka_error_string(error) : "of a partition");
    else
        atomic_store(&consumer->rewinding, false);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    fx_feed_resume(feed);
    return failed ? FX_RETRY : FX_OK;
}
