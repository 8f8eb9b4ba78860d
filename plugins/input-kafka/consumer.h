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
 *   index.c      partitions by name
 *   facts.c      records by which a partition's log is known; known.c: facts of partitions that are not ours now
 *   unreadable.c batches that cannot be read
 *   goes_back.c  a log that was replaced, or has lost its end
 *   commit.c     commits, and what became of them (the checkpoint's thread)
 *
 * Each instance has one consumer. The partitions' queues are forwarded to the workers' queues. So the consumer's own
 * queue holds events only. Worker 0 serves it between its batches: a rebalance never falls inside a batch.
 *
 * The checkpoint's thread is the thread that runs the present checkpoint, one at a time: the core's checkpoint thread,
 * worker 0 in a rebalance, or the main thread at the stop.
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
    int64_t since_ms[KAFKA_TROUBLE_COUNT]; /* when it was reported last; 0: not present; for all but topics */
    struct kafka_topic_fault *faults;      /* faults of topics */
    bool assigned;                         /* the group, or the option, has given us partitions */
};

/* The producer of dead letters. If its members are NULL, there is none. */
struct kafka_letters {
    rd_kafka_conf_t *conf; /* between create and start */
    rd_kafka_t *producer;
    atomic_ullong stored, lost; /* since the last look */
    struct fx_log_limit limit;
};

/* What a cluster had when the program began. */
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
    int64_t kept_ms; /* when the newest fact that stays was noted */
};

/* index.c: the first member of what is found by it. */
struct kafka_key {
    const char *topic; /* the owner's */
    int32_t number;
    uint32_t hash;
    struct kafka_key *same; /* in the same bucket */
};
struct kafka_index {
    struct kafka_key **buckets;
    size_t bucket_count, count;
};

/* What is known of a partition that is not ours now: known.c. */
struct kafka_known {
    struct kafka_key key; /* first */
    char *topic;
    int32_t number;
    struct fx_stream *stream; /* tells where this process left the partition; NULL: it never had it */
    struct kafka_facts facts;
    struct kafka_known *newer, *older;
};

/* goes_back.c */
enum kafka_log_state {
    KAFKA_LOG_KNOWN,  /* the log is the one that we know, or nothing shows otherwise */
    KAFKA_LOG_PROBED, /* the first record that comes will tell */
    KAFKA_LOG_DOUBTED /* worker 0 must look; until then nothing is taken */
};
/* What to do with a message: count it; skip it, since it was counted already; or hold it, since its partition waits. */
enum kafka_take { KAFKA_TAKE, KAFKA_SKIP, KAFKA_HOLD };

/*
 * unreadable.c: the search for the end of an unreadable batch. Used by the partition's worker, and by worker 0 while
 * the others are out of poll.
 */
struct kafka_search {
    int64_t since_ms; /* when the batch failed first; 0: none fails */
    int64_t bad;      /* the last offset that is known to be in the batch */
    int64_t good;     /* an offset behind the batch that can be read; -1: none is known */
    int64_t probe;    /* where librdkafka was sent */
    int64_t step;
    bool runs, waits; /* for worker 0 */
};

/* A partition that is read. The list changes while all workers except worker 0 are out of poll. */
struct kafka_partition {
    struct kafka_key key; /* first */
    char *topic;
    int32_t number;
    struct fx_stream *stream;
    rd_kafka_queue_t *queue; /* forwarded to a worker's queue */
    int64_t begin;           /* the offset at which we began */
    bool shown;              /* metrics of lag and position have begun */
    struct fx_series *lag, *position;
    bool committed;       /* we have committed it since it was assigned */
    int64_t unknown_ms;   /* since when commits are answered that it does not exist; 0: they are not; for the
                           * checkpoint's thread */
    char *tags;           /* what was stored beside the offset at the assignment; NULL: nothing */
    unsigned worker;      /* index of the worker that reads it */
    int64_t told_end;     /* librdkafka said last that the log ends there; -1: never; for the worker */
    enum kafka_jump jump; /* this and the next four: for the partition's worker, and for worker 0 while the others
                           * are out of poll */
    int64_t jump_from, jump_to;
    int64_t gone_back_to;  /* by the last doubt; -1: never */
    unsigned gone_back_in; /* in this generation */

    /* goes_back.c: for the partition's worker, and for worker 0 while the others are out of poll; except facts. */
    enum kafka_log_state log;
    int64_t expected;        /* the next offset that can come; a lower one is a sign */
    struct kafka_fact probe; /* the record that was asked for */
    int64_t refuted_from;    /* the log has a different record at this offset; INT64_MAX: no such record was seen */
    int64_t untold_from;     /* the log has no record at this offset */
    int64_t confirmed;       /* a known record that the log does have; -1: none */
    atomic_bool is_missed;   /* librdkafka reports that the partition does not exist */
    bool is_short;           /* the log ended below the position when worker 0 looked */
    struct kafka_facts facts;
    struct kafka_search search;

    /* For worker 0: brokers were asked for the log's ends. */
    bool is_asked_for, has_ends;
    int64_t low, high;
    int64_t ask_again_ms; /* not before this time: they did not answer */
    struct kafka_partition *next, **link;
};

struct kafka_worker {
    struct kafka_consumer *consumer;
    unsigned index;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **messages; /* messages of the last poll: payloads point into them */
    size_t count, capacity;
    time_t checked;         /* when positions were checked last */
    atomic_bool has_missed; /* one of the worker's partitions is missed */
};

/* A commit under way; one at a time. Only for the checkpoint's thread, except what the answer fills. */
struct kafka_ask {
    uint64_t number;     /* of the checkpoint; 0: no commit was asked for */
    unsigned generation; /* of the assignment at the first request */
    bool in_flight;
    rd_kafka_resp_err_t answer;
};

struct kafka_consumer {
    struct fx_instance *instance;
    const struct kafka_options *options;
    int32_t *fixed; /* options.partitions as numbers; NULL: the group assigns partitions */
    size_t fixed_count;
    rd_kafka_t *rk;
    rd_kafka_conf_t *conf; /* between create and start */
    char **secrets;        /* copies of properties' values: librdkafka's threads may outlive the options; ends with
                            * NULL */
    struct kafka_worker **workers;
    unsigned worker_count, next_worker;
    struct kafka_partition *partitions;
    struct kafka_index partition_index;
    struct fx_feed *feed; /* worker 0's, while it serves events; otherwise NULL */
    bool fixed_assigned;
    bool lacks_memory;        /* no memory for a partition that is ours: worker 0's next poll ends the program */
    atomic_uint generation;   /* counts changes of the assignment */
    atomic_bool has_jumped;   /* a partition has a jump that worker 0 must look at */
    atomic_bool has_searches; /* a search waits for its next step */
    atomic_bool has_doubts;   /* a partition's log is doubted */
    int64_t settle_again_ms;  /* not before this time; only for worker 0 */
    pthread_mutex_t facts_lock;
    struct kafka_known *known, *oldest_known; /* changed while all workers are out of poll */
    struct kafka_index known_index;
    int64_t known_saved_ms;
    atomic_bool rewinding; /* nothing is read until worker 0 has gone back */
    atomic_bool is_left;   /* librdkafka cannot be destroyed at the stop: it and its threads stay until the program
                          * ends */
    bool is_unsafe;        /* destroying librdkafka could end the program (close.c) */
    rd_kafka_queue_t *commit_queue;
    struct kafka_ask ask;
    int64_t start_ms; /* options.start as a time */
    struct kafka_topic *baseline;
    size_t baseline_count;
    bool baseline_known;
    struct kafka_troubles troubles;
    struct kafka_letters letters;
    struct kafka_broker *brokers; /* statistics.c: the brokers that were seen */
    struct fx_log_limit begin_limit, event_limit, partition_limit, trouble_limit[KAFKA_TROUBLE_COUNT];
};

/* lifecycle.c */
int kafka_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int kafka_start(void *self, struct fx_error *err);
void kafka_stop(void *self, int timeout_ms);
void kafka_destroy(void *self);
int kafka_worker_new(void *self, unsigned index, void **worker, struct fx_error *err);
void kafka_worker_free(void *self, void *worker);

/* close.c: leaves the group. False: librdkafka hangs, and must not be destroyed. */
bool kafka_close(struct kafka_consumer *consumer, int timeout_ms);
/* False: librdkafka hangs, and is left behind. Its queues and messages must be gone before. */
bool kafka_destroy_within(struct kafka_consumer *consumer, rd_kafka_t *rk, int timeout_ms);

/* conf.c: makes consumer->conf, without I/O. */
int kafka_conf_make(struct kafka_consumer *consumer, struct fx_error *err);
/* Makes an error from librdkafka's refusal at the start. The error is placed at the property that the reason names. */
int kafka_conf_refused(const struct kafka_consumer *consumer, const char *reason, struct fx_error *err);

/*
 * scrub.c: copies a text of librdkafka, at most size bytes including the NUL. Parts of secret properties' values are
 * replaced. Gives shown. Any thread.
 */
int kafka_secrets_init(struct kafka_consumer *consumer, struct fx_error *err);
void kafka_secrets_free(struct kafka_consumer *consumer);
const char *kafka_scrub(const struct kafka_consumer *consumer, const char *text, char *shown, size_t size);

/* events.c: callbacks for the configuration. */
void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque);

/* trouble.c: notes, counts and logs a fault. topic NULL: the fault is of a broker or the group. */
enum kafka_trouble kafka_trouble_of(rd_kafka_resp_err_t code);
void kafka_troubles_init(struct kafka_consumer *consumer);
void kafka_troubles_fini(struct kafka_consumer *consumer);
void kafka_trouble_note(struct kafka_consumer *consumer, rd_kafka_resp_err_t code, const char *topic, int32_t partition,
                        const char *reason);
void kafka_trouble_broker_is_up(struct kafka_consumer *consumer);
/* list NULL: our partitions are lost. */
void kafka_trouble_assigned(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list);
void kafka_trouble_review(struct kafka_consumer *consumer);
/* The unreadable batch was skipped. Another one of the topic is noted again when it fails. */
void kafka_trouble_batch_is_over(struct kafka_consumer *consumer, const char *topic);

/* topics.c: whether the configuration names the topic, or has a pattern for it */
bool kafka_reads(const struct kafka_consumer *consumer, const char *topic);

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

/* begin.c: takes the baseline once a broker answers, and finds the offset of a partition that has none. */
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

/*
 * offsets.c: sets the offset of each partition of list. *fresh tells whether one of them had no committed offset.
 * may_be_gone: a partition that brokers do not know begins where it was left, or at 0.
 */
rd_kafka_resp_err_t kafka_find_offsets(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                       bool *fresh, bool may_be_gone, int timeout_ms);
rd_kafka_resp_err_t kafka_ask_committed(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                                        int timeout_ms);
/* The partition begins where kafka_find_offsets said. Warns if the committed offset came from none of us. */
void kafka_offset_taken(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *partition);
enum fx_verdict kafka_recall(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err);
/*
 * jumps.c: whether to take a message (or an end) at an offset beyond the stream's position. If not, the message will
 * come again. Called by the partition's worker.
 */
bool kafka_believes(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset,
                    int64_t position);
struct kafka_partition *kafka_partition_find(const struct kafka_consumer *consumer, const char *topic, int32_t number);
/* Whether brokers may be asked about the partition: not again at once when they have not answered. */
bool kafka_may_ask(const struct kafka_partition *partition);
bool kafka_ask_ends(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t *low, int64_t *high);
/* Call while all workers except worker 0 are out of poll. */
bool kafka_seek(struct kafka_consumer *consumer, const struct kafka_partition *partition, int64_t offset);
void kafka_check_positions(struct kafka_worker *worker);
/* Worker 0 sends librdkafka to the stream's position. The partition's own worker. */
void kafka_go_to_position(struct kafka_consumer *consumer, struct kafka_partition *partition);
enum fx_verdict kafka_settle_jumps(struct kafka_consumer *consumer, struct fx_feed *feed);

/*
 * facts.c: kafka_fact_of tells which record a message is. The next function notes the last message of a run. Called
 * by the partition's worker.
 */
struct kafka_fact kafka_fact_of(const rd_kafka_message_t *message);
bool kafka_facts_equal(const struct kafka_fact *one, const struct kafka_fact *other);
void kafka_facts_note(struct kafka_consumer *consumer, struct kafka_partition *partition,
                      const rd_kafka_message_t *message);
/* The newest, or the oldest, fact of from..below. Its offset is -1 if there is none. */
struct kafka_fact kafka_facts_below(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t from,
                                    int64_t below, bool oldest);
/* Forgets the facts from an offset on. */
void kafka_facts_cut(struct kafka_consumer *consumer, struct kafka_facts *facts, int64_t from);
/*
 * Facts as words of a text: writes one; reads those in a text with other words; writes the two that go beside an
 * offset.
 */
size_t kafka_facts_print(char *buffer, size_t size, const struct kafka_fact *fact);
void kafka_facts_read(struct kafka_facts *facts, const char *text);
void kafka_facts_append(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t below, char *text,
                        size_t size);

/* index.c: false without memory. */
struct kafka_key *kafka_index_find(const struct kafka_index *index, const char *topic, int32_t number);
bool kafka_index_add(struct kafka_index *index, struct kafka_key *key, const char *topic, int32_t number);
void kafka_index_remove(struct kafka_index *index, struct kafka_key *key);
void kafka_index_fini(struct kafka_index *index);

/* known.c: keeps what is known of partitions over assignments, and in the state directory over restarts. */
const struct kafka_known *kafka_known_find(const struct kafka_consumer *consumer, const char *topic, int32_t number);
void kafka_known_keep(struct kafka_consumer *consumer, const struct kafka_partition *partition);
void kafka_known_load(struct kafka_consumer *consumer);
/*
 * Saves at most once in ten seconds, unless now is set. Call from the checkpoint's thread, or when all workers have
 * ended.
 */
void kafka_known_save(struct kafka_consumer *consumer, bool now);
void kafka_known_free(struct kafka_consumer *consumer);

/* goes_back.c: decides where librdkafka begins for a stream that begins at position. */
void kafka_log_begin(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                     int64_t *begin);
/*
 * Notes a sign that the log may be a different one. Called by the partition's worker, or while the others are out of
 * poll.
 */
void kafka_log_doubt(struct kafka_consumer *consumer, struct kafka_partition *partition);
/* What to do with the first message of a run. Called by the partition's worker. */
enum kafka_take kafka_log_take(struct kafka_consumer *consumer, struct kafka_partition *partition,
                               const rd_kafka_message_t *message, int64_t position);
/* Whether to believe that the log ends there. Called by the partition's worker. */
bool kafka_log_ends(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t end, int64_t position);
/* Records before the position are only for comparison. If they can't be read, reading continues at the position. */
void kafka_log_unreadable(struct kafka_consumer *consumer, struct kafka_partition *partition);
void kafka_settle_doubts(struct kafka_consumer *consumer, struct fx_feed *feed);

/*
 * unreadable.c: kafka_batch_failed notes that a batch could not be read. False: the program ends. The next function
 * notes a message that came, which shows what can be read. False: do not count the message, since a search is under
 * way. Called by the partition's worker.
 */
bool kafka_batch_failed(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t position,
                        const rd_kafka_message_t *message);
bool kafka_batch_came(struct kafka_consumer *consumer, struct kafka_partition *partition, int64_t offset);
/* librdkafka was sent elsewhere: the next error begins another search. Call while all other workers are out of poll. */
static inline void kafka_search_again(struct kafka_partition *partition)
{
    partition->search.runs = partition->search.waits = false;
}
void kafka_search_batches(struct kafka_consumer *consumer, struct fx_feed *feed);

/* trouble.c: the time of a clock that never goes back. */
int64_t kafka_now_ms(void);

/* commit.c */
enum fx_verdict kafka_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms, struct fx_error *err);

#endif
