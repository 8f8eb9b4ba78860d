/*
 * What the plugin's files share.
 *
 *   lifecycle.c  create, start, stop; workers' queues
 *   conf.c       options to librdkafka's configuration
 *   events.c     librdkafka's log and errors (its own threads)
 *   poll.c       messages to payloads (each worker)
 *   assign.c     partitions come and go (worker 0, inside its poll)
 *   offsets.c    where a partition begins
 *   commit.c     commits, and what became of them (checkpoint thread, or worker 0 in a rebalance)
 *
 * One consumer an instance. The partitions' queues are forwarded to the workers' queues, so that the consumer's own
 * queue, which worker 0 serves between its batches, holds events only: a rebalance never falls inside a batch.
 */
#ifndef INPUT_KAFKA_CONSUMER_H
#define INPUT_KAFKA_CONSUMER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include <flow-exporter/plugin.h>

struct kafka_options {
    struct fx_list brokers, topics, partitions;
    const char *group, *client_id;
    int start; /* enum kafka_start */
    int64_t batch_messages;
    struct fx_map rdkafka;
};

enum kafka_start { KAFKA_START_LATEST, KAFKA_START_EARLIEST };
enum kafka_metric { KAFKA_ASSIGNED, KAFKA_REBALANCES, KAFKA_ERRORS };
enum kafka_change { KAFKA_CHANGE_ASSIGNED, KAFKA_CHANGE_REVOKED, KAFKA_CHANGE_LOST };

/* A partition that is read. The list changes while all workers are out of poll but worker 0. */
struct kafka_partition {
    char *topic;
    int32_t number;
    struct fx_stream *stream;
    rd_kafka_queue_t *queue; /* forwarded to a worker's */
    struct kafka_partition *next;
};

struct kafka_worker {
    struct kafka_consumer *consumer;
    unsigned index;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **messages; /* of the last poll: payloads point into them */
    size_t count, capacity;
};

/* A commit on its way. One at a time; the checkpoint's owner only, but for what the answer fills. */
struct kafka_ask {
    uint64_t number;     /* of the checkpoint; 0: none was asked */
    unsigned generation; /* of the assignment when it was first asked */
    bool in_flight;
    rd_kafka_resp_err_t answer;
};

struct kafka_consumer {
    struct fx_instance *instance;
    const struct kafka_options *options;
    int32_t *fixed; /* options.partitions as numbers; NULL: the group shares them out */
    size_t fixed_count;
    rd_kafka_t *rk;
    rd_kafka_conf_t *conf; /* between create and start */
    struct kafka_worker **workers;
    unsigned worker_count, next_worker;
    struct kafka_partition *partitions;
    struct fx_feed *feed; /* of worker 0 while it serves events; else NULL */
    bool fixed_assigned;
    atomic_uint generation; /* counts changes of the assignment */
    atomic_bool rewinding;  /* nothing is read until worker 0 has gone back */
    rd_kafka_queue_t *commit_queue;
    struct kafka_ask ask;
    struct fx_log_limit event_limit, partition_limit;
};

/* lifecycle.c */
int kafka_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int kafka_start(void *self, struct fx_error *err);
void kafka_stop(void *self, int timeout_ms);
void kafka_destroy(void *self);
int kafka_worker_new(void *self, unsigned index, void **worker, struct fx_error *err);
void kafka_worker_free(void *self, void *worker);

/* conf.c: consumer->conf, without I/O. */
int kafka_conf_make(struct kafka_consumer *consumer, struct fx_error *err);

/* events.c: callbacks for the configuration. */
void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque);

/* poll.c */
enum fx_verdict kafka_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms);
void kafka_worker_forget(struct kafka_worker *worker);

/* assign.c */
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque);
enum fx_verdict kafka_assign_fixed(struct kafka_consumer *consumer);
enum fx_verdict kafka_go_back(struct kafka_consumer *consumer, struct fx_feed *feed);
void kafka_rewind(void *self, const struct fx_checkpoint *checkpoint);
void kafka_forget_partitions(struct kafka_consumer *consumer);

/* offsets.c: sets the offset of each partition of list; *fresh says whether one had none committed. */
rd_kafka_resp_err_t kafka_find_offsets(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                       bool *fresh, int timeout_ms);

/* commit.c */
enum fx_verdict kafka_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms, struct fx_error *err);

#endif
