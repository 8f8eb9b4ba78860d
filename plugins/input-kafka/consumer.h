/*
 * What the plugin's files share.
 *
 *   lifecycle.c  create, start, stop; workers' queues
 *   close.c      leaving the group at the stop, and the end of librdkafka; bounded.c: calls that can hang
 *   conf.c       options to librdkafka's configuration; timestamp.c: a point in time
 *   events.c     librdkafka's log and errors (its own threads)
 *   trouble.c    what is wrong, for log, metric and readiness
 *   statistics.c librdkafka's statistics as metrics
 *   poll.c       messages to payloads (each worker)
 *   assign.c     partitions come and go (worker 0, inside its poll)
 *   letters.c    dead letters to a topic
 *   offsets.c    where a partition goes on, and what was committed before the start; begin.c: where it begins without
 *   jumps.c      offsets that were left out
 *   facts.c      records by which a partition's log is known; known.c: those of partitions that are not ours now
 *   unreadable.c batches that can't be read
 *   goes_back.c  a log that is another one, or has lost its end
 *   commit.c     commits, and what became of them (checkpoint thread, or worker 0 in a rebalance)
 *
 * One consumer an instance. The partitions' queues are forwarded to the workers' queues, so that the consumer's own
 * queue, which worker 0 serves between its batches, holds events only: a rebalance never falls inside a batch.
 */
#ifndef INPUT_KAFKA_CONSUMER_H
#define INPUT_KAFKA_CONSUMER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#include <flow-exporter/plugin.h>

struct kafka_options {
    struct fx_list brokers, topics, partitions;
    const char *group, *client_id;
    struct fx_choice start; /* enum kafka_start */
    int64_t batch_messages;
    struct fx_choice on_unreadable; /* enum kafka_on_unreadable */
    int64_t unreadable_after;       /* milliseconds */
    struct fx_map rdkafka;
};

enum kafka_start { KAFKA_START_LATEST, KAFKA_START_EARLIEST, KAFKA_START_TIMESTAMP };
enum kafka_on_unreadable { KAFKA_UNREADABLE_SKIP, KAFKA_UNREADABLE_STOP };
enum kafka_metric {
    KAFKA_ASSIGNED,
    KAFKA_REBALANCES,
    KAFKA_ERRORS,
    KAFKA_LAG,
    KAFKA_POSITION,
    KAFKA_BROKER_UP,
    KAFKA_BROKER_ERRORS,
    KAFKA_BROKER_RTT,
    KAFKA_GONE_BACK,
    KAFKA_LOG_RESETS,
    KAFKA_UNREADABLE,
    KAFKA_MOVED,
    KAFKA_OVERRULED
};
enum kafka_log_reset { KAFKA_LOG_REMADE, KAFKA_LOG_CUT };
enum kafka_change { KAFKA_CHANGE_ASSIGNED, KAFKA_CHANGE_REVOKED, KAFKA_CHANGE_LOST };

/* What can be wrong, the most telling first; also the label values of KAFKA_ERRORS. */
enum kafka_trouble {
    KAFKA_TROUBLE_LOGIN,
    KAFKA_TROUBLE_TLS,
    KAFKA_TROUBLE_NAME,
    KAFKA_TROUBLE_BROKERS,
    KAFKA_TROUBLE_GROUP,
    KAFKA_TROUBLE_TOPIC_RIGHT,
    KAFKA_TROUBLE_TOPIC_UNKNOWN,
    KAFKA_TROUBLE_BATCH,
    KAFKA_TROUBLE_OTHER,
    KAFKA_TROUBLE_COUNT
};

struct kafka_troubles {
    pthread_mutex_t lock;
    int64_t since_ms[KAFKA_TROUBLE_COUNT]; /* when it was reported last; 0: it is not there. Not those of topics */
    struct kafka_topic_fault *faults;      /* those of topics */
    bool assigned;                         /* the group, or the option, has told us what to read */
};

/* The producer of dead letters; NULL members: there are none. */
struct kafka_letters {
    rd_kafka_conf_t *conf; /* between create and start */
    rd_kafka_t *producer;
    atomic_ullong stored, lost; /* since the last look */
    struct fx_log_limit limit;
};

/* What a cluster had when we began. */
struct kafka_topic {
    char *topic;
    int partitions;
};
enum kafka_jump { KAFKA_JUMP_NONE, KAFKA_JUMP_DOUBTED, KAFKA_JUMP_BELIEVED };

/* A record that was read: facts.c. */
struct kafka_fact {
    int64_t offset; /* -1: there is none */
    int64_t time_ms;
    uint32_t hash;
};

/* In the order of their offsets, the newest last. Under facts_lock. */
#define KAFKA_FACTS 32
struct kafka_facts {
    struct kafka_fact of[KAFKA_FACTS];
    size_t count;
    int64_t kept_ms; /* when the newest one that stays was noted */
};

/* What is known of a partition that is not ours now: known.c. */
struct kafka_known {
    char *topic;
    int32_t number;
    int64_t position; /* where this process was; -1: it never was */
    struct kafka_facts facts;
    struct kafka_known *next;
};

/* goes_back.c */
enum kafka_log_state {
    KAFKA_LOG_KNOWN,  /* it is the one that we know, or nobody can tell otherwise */
    KAFKA_LOG_PROBED, /* the first record that comes will tell */
    KAFKA_LOG_DOUBTED /* worker 0 is to look; until then nothing is taken */
};
/* Of a message: it is to be counted; it is known already; its partition waits. */
enum kafka_take { KAFKA_TAKE, KAFKA_SKIP, KAFKA_HOLD };

/* unreadable.c: of the end of a batch that can't be read. Its worker's, and worker 0's while the others are out of poll. */
struct kafka_search {
    int64_t since_ms; /* when the batch failed first; 0: none fails */
    int64_t bad;      /* the last offset that is known to be in it */
    int64_t good;     /* one behind it that can be read; -1: none is known */
    int64_t probe;    /* where librdkafka was sent */
    int64_t step;
    bool runs, waits; /* for worker 0 */
};

/* A partition that is read. The list changes while all workers are out of poll but worker 0. */
struct kafka_partition {
    char *topic;
    int32_t number;
    struct fx_stream *stream;
    rd_kafka_queue_t *queue; /* forwarded to a worker's */
    int64_t begin;           /* the offset at which we began */
    bool shown;              /* lag and position have begun */
    struct fx_series *lag, *position;
    bool committed;       /* by us, since it was assigned */
    char *tags;           /* what was stored beside the offset when it was assigned; NULL: nothing */
    unsigned worker;      /* whose */
    enum kafka_jump jump; /* this and the next four: its worker's, and worker 0's while the others are out of poll */
    int64_t jump_from, jump_to;
    int64_t gone_back_to;  /* by the last doubt; -1: never */
    unsigned gone_back_in; /* of the generation */

    /* goes_back.c: its worker's, and worker 0's while the others are out of poll; but for facts. */
    enum kafka_log_state log;
    int64_t expected;        /* the next offset that can come; a lower one is a sign */
    struct kafka_fact probe; /* what was asked for */
    int64_t refuted_from;    /* the log has another record there; INT64_MAX: it was not seen to */
    int64_t untold_from;     /* and there it has none */
    int64_t confirmed;       /* a known record that it has after all; -1: none */
    atomic_bool is_missed;   /* librdkafka says that it does not exist */
    bool is_short;           /* it ended below the position when it was looked at */
    struct kafka_facts facts;
    struct kafka_search search;
    struct kafka_partition *next;
};

struct kafka_worker {
    struct kafka_consumer *consumer;
    unsigned index;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **messages; /* of the last poll: payloads point into them */
    size_t count, capacity;
    time_t checked;         /* its positions, the last time */
    atomic_bool has_missed; /* one of its partitions is missed */
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
    char **secrets;        /* of properties, copied: librdkafka's threads may outlive the options; ended by NULL */
    struct kafka_worker **workers;
    unsigned worker_count, next_worker;
    struct kafka_partition *partitions;
    struct fx_feed *feed; /* of worker 0 while it serves events; else NULL */
    bool fixed_assigned;
    bool lacks_memory;        /* a partition that is ours has no place: worker 0's next poll ends the program */
    atomic_uint generation;   /* counts changes of the assignment */
    atomic_bool has_jumped;   /* a partition has a jump to look at */
    atomic_bool has_searches; /* a search waits for its next step */
    atomic_bool has_doubts;   /* a partition's log is doubted */
    int64_t look_again_ms;    /* not before that; worker 0's */
    pthread_mutex_t facts_lock;
    struct kafka_known *known; /* changed while all workers are out of poll */
    int64_t known_saved_ms;
    atomic_bool rewinding; /* nothing is read until worker 0 has gone back */
    atomic_bool is_left; /* librdkafka can't be destroyed at the stop: it and its threads stay until the program ends */
    bool is_unsafe;      /* destroying it could end the program (close.c) */
    rd_kafka_queue_t *commit_queue;
    struct kafka_ask ask;
    int64_t start_ms; /* options.start as a time */
    struct kafka_topic *baseline;
    size_t baseline_count;
    bool baseline_known;
    struct kafka_troubles troubles;
    struct kafka_letters letters;
    struct kafka_broker *brokers; /* statistics.c: those that were seen */
    struct fx_log_limit begin_limit, event_limit, partition_limit, trouble_limit[KAFKA_TROUBLE_COUNT];
};

/* lifecycle.c */
int kafka_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int kafka_start(void *self, struct fx_error *err);
void kafka_stop(void *self, int timeout_ms);
void kafka_destroy(void *self);
int kafka_worker_new(void *self, unsigned index, void **worker, struct fx_error *err);
void kafka_worker_free(void *self, void *worker);

/* close.c: leaves the group. False: librdkafka is stuck, and must not be destroyed. */
bool kafka_close(struct kafka_consumer *consumer, int timeout_ms);
/* False: it hangs, and is left behind. Queues and messages of it are gone. */
bool kafka_destroy_within(struct kafka_consumer *consumer, rd_kafka_t *rk, int timeout_ms);

/* conf.c: consumer->conf, without I/O. */
int kafka_conf_make(struct kafka_consumer *consumer, struct fx_error *err);
/* An error for what librdkafka refused at the start, at the property that its reason speaks of. */
int kafka_conf_refused(const struct kafka_consumer *consumer, const char *reason, struct fx_error *err);

/*
 * scrub.c: copies a text of librdkafka's, at most size bytes with the end, without what is in it of the values of
 * secret properties. Gives shown. Any thread.
 */
int kafka_secrets_init(struct kafka_consumer *consumer, struct fx_error *err);
void kafka_secrets_free(struct kafka_consumer *consumer);
const char *kafka_scrub(const struct kafka_consumer *consumer, const char *text, char *shown, size_t size);

/* events.c: callbacks for the configuration. */
void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque);

/* trouble.c: notes, counts and logs a fault; topic NULL: of a broker or the group. */
enum kafka_trouble kafka_trouble_of(rd_kafka_resp_err_t code);
void kafka_troubles_init(struct kafka_consumer *consumer);
void kafka_troubles_fini(struct kafka_consumer *consumer);
void kafka_trouble_note(struct kafka_consumer *consumer, rd_kafka_resp_err_t code, const char *topic, int32_t partition,
                        const char *reason);
void kafka_trouble_broker_is_up(struct kafka_consumer *consumer);
/* list NULL: what we had is lost. */
void kafka_trouble_assigned(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list);
void kafka_trouble_look_again(struct kafka_consumer *consumer);
/* It was gone over. Another one of the topic is noted again when it fails next. */
void kafka_trouble_batch_is_over(struct kafka_consumer *consumer, const char *topic);

/* letters.c */
int kafka_letters_check(struct kafka_consumer *consumer, struct fx_error *err);
int kafka_letters_start(struct kafka_consumer *consumer, struct fx_error *err);
bool kafka_letters_stop(struct kafka_consumer *consumer, int timeout_ms); /* false: its producer is left behind */
void kafka_letters_free(struct kafka_consumer *consumer);
enum fx_verdict kafka_letter_send(void *self, const struct fx_letter *letter);
enum fx_verdict kafka_letter_store(void *self, int timeout_ms, uint64_t *stored, uint64_t *lost);

/* statistics.c */
int kafka_on_statistics(rd_kafka_t *rk, char *text, size_t size, void *opaque);
void kafka_brokers_free(struct kafka_consumer *consumer);

/* begin.c: what was there when we began, once a broker answers; and the offset of a partition that has none. */
rd_kafka_resp_err_t kafka_baseline_take(struct kafka_consumer *consumer, int timeout_ms);
void kafka_baseline_free(struct kafka_consumer *consumer);
rd_kafka_resp_err_t kafka_find_start(struct kafka_consumer *consumer, rd_kafka_topic_partition_t *partition,
                                     int timeout_ms);

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
rd_kafka_resp_err_t kafka_ask_committed(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                        int timeout_ms);
/* The partition is about to begin where kafka_find_offsets said: says so if the offset was committed by none of us. */
void kafka_offset_taken(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition);
enum fx_verdict kafka_recall(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err);
/* jumps.c: whether a message (or an end) at an offset beyond the stream's position is to be taken; else it will come
 * again. Its worker. */
bool kafka_believes(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset,
                    int64_t position);
struct kafka_partition *kafka_partition_find(const struct kafka_consumer *consumer, const char *topic, int32_t number);
/* While all workers are out of poll but worker 0. */
bool kafka_seek(struct kafka_consumer *consumer, const struct kafka_partition *partition, int64_t offset);
void kafka_check_positions(struct kafka_worker *worker);
enum fx_verdict kafka_look_at_jumps(struct kafka_consumer *consumer, struct fx_feed *feed);

/* facts.c: which record a message is; notes the last one of a run. Its worker. */
struct kafka_fact kafka_fact_of(const rd_kafka_message_t *message);
bool kafka_facts_equal(const struct kafka_fact *one, const struct kafka_fact *other);
void kafka_facts_note(struct kafka_consumer *consumer, struct kafka_partition *partition,
                      const rd_kafka_message_t *message);
/* The newest, or oldest, of from..below; its offset is -1 when there is none. */
struct kafka_fact kafka_facts_below(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t from,
                                    int64_t below, bool oldest);
/* Forgets those from an offset on. */
void kafka_facts_cut(struct kafka_consumer *consumer, struct kafka_facts *facts, int64_t from);
/* As words of a text: one; those of a text with other words; the two that go beside an offset. */
size_t kafka_facts_print(char *buffer, size_t size, const struct kafka_fact *fact);
void kafka_facts_read(struct kafka_facts *facts, const char *text);
void kafka_facts_append(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t below, char *text,
                        size_t size);

/* known.c: what is known of partitions is kept over assignments, and in the state directory over restarts. */
const struct kafka_known *kafka_known_find(const struct kafka_consumer *consumer, const char *topic, int32_t number);
void kafka_known_keep(struct kafka_consumer *consumer, const struct kafka_partition *partition);
void kafka_known_load(struct kafka_consumer *consumer);
/* Not more often than each ten seconds, unless it must be. The checkpoint's owner, or when all have ended. */
void kafka_known_save(struct kafka_consumer *consumer, bool now);
void kafka_known_free(struct kafka_consumer *consumer);

/* goes_back.c: where librdkafka is to begin for a stream that begins at position. */
void kafka_log_begin(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                     int64_t *begin);
/* Something says that the log may be another one. Its worker, or while the others are out of poll. */
void kafka_log_doubt(struct kafka_consumer *consumer, struct kafka_partition *partition);
/* What is to be done with the first message of a run. Its worker. */
enum kafka_take kafka_log_take(struct kafka_consumer *consumer, struct kafka_partition *partition,
                               const rd_kafka_message_t *message, int64_t position);
/* The log ends there; whether to believe it. Its worker. */
bool kafka_log_ends(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t end, int64_t position);
void kafka_look_at_logs(struct kafka_consumer *consumer, struct fx_feed *feed);

/* unreadable.c: a batch could not be read; false: the program ends. What came shows what can be read; false: it is not to
 * be counted, a search is under way. Its worker. */
bool kafka_batch_failed(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                        const rd_kafka_message_t *message);
bool kafka_batch_came(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset);
/* While all workers are out of poll but worker 0: librdkafka was sent elsewhere; the next step. */
void kafka_search_again(struct kafka_partition *partition);
void kafka_search_batches(struct kafka_consumer *consumer, struct fx_feed *feed);

/* trouble.c: a clock that never goes back. */
int64_t kafka_now_ms(void);

/* commit.c */
enum fx_verdict kafka_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms, struct fx_error *err);

#endif
