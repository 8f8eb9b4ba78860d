/*
 * A model of delivery around the core's own code: instances whose coordinator,
 * recovery and state directory are real, between an input, an output and a
 * Kafka that are not. One thread; a crash is a jump out of a failpoint.
 *
 * The books: `counted` is what each instance's last accepted checkpoint holds of each partition, by what Kafka saw, and
 * `frontier` is the offset up to which all of them together have counted it. Somebody from outside (offsets forgotten
 * or set, files damaged) can make them differ from what instances do; each such difference is entered in `owed`, and only
 * where the rules allow it. At the end every partition's sum is its records plus what is owed, exactly.
 */
#ifndef TEST_DELIVERY_MODEL_H
#define TEST_DELIVERY_MODEL_H

#include <stdbool.h>

#include "checkpoint/inside.h"
#include "pipeline/wiring.h"

enum { MODEL_INSTANCES = 3, MODEL_PARTITIONS = 3, MODEL_OFFSETS = 12 };

/* How many records there are before an offset: two of a log's offsets are the markers of transactions. */
int64_t model_records(int64_t offset);

/* What becomes of a commit that is asked for. */
enum model_answer {
    MODEL_OK,
    MODEL_LOST,    /* applied, but nobody hears of it */
    MODEL_DROPPED, /* neither */
    MODEL_DELAYED  /* applied later, if the member may still commit then */
};

/* Rules that can be broken, to see that the model notices. */
enum model_rule {
    MODEL_SOUND,
    MODEL_ONE_TAG,         /* tags of others are not kept */
    MODEL_EXPOSE_FIRST,    /* a page shows a cut that is not committed yet */
    MODEL_OWN_POSITIONS,   /* a start goes on from the slot's positions, whatever the group says */
    MODEL_NEWEST_IS_TRUTH, /* what was prepared counts as accepted */
    MODEL_OLDER_IS_TRUTH,  /* what has no mark counts as refused */
    MODEL_NO_LOOK_UP,      /* a refusal is believed without asking what became of the commit */
    MODEL_NO_LATE_LOOK,    /* tags that are found at an assignment are not looked at */
    MODEL_BARE_RESET,      /* a stream whose topic was made anew just goes back to its beginning */
    MODEL_ASSIGNED_ONLY,   /* a checkpoint has no positions but those of assigned partitions */
    MODEL_BELIEVE_OFFSETS, /* offsets that none of us committed are not noticed */
    MODEL_KEEP_LOOSE,      /* a partition is given away with records that are counted and not committed */
    MODEL_TRUST_DAMAGED,   /* the slot that can be read is the truth when the other is damaged */
    MODEL_DROPPED_IS_NO,   /* tags that somebody dropped are taken for a commit that was refused */
    MODEL_RULES
};

struct model_request {
    bool waits;
    uint64_t number;
    char tag[FXI_TAG_BYTES];
    size_t count;
    unsigned generation;
    struct {
        int partition;
        int64_t base, offset;
        unsigned log; /* which the offset is of */
        char tags[FX_TAGS_BYTES];
    } of[MODEL_PARTITIONS];
    uint64_t base[MODEL_PARTITIONS], values[MODEL_PARTITIONS]; /* of the cut, and of what it goes on from */
};

struct model_kafka {
    int64_t offset[MODEL_PARTITIONS]; /* -1: none, the group has forgotten it */
    bool is_foreign
        [MODEL_PARTITIONS]; /* somebody set it, or let it be forgotten, since the last commit of an instance */
    char tags[MODEL_PARTITIONS][FX_TAGS_BYTES];
    int owner[MODEL_PARTITIONS]; /* -1: nobody */
    /* Topics that are made anew: which log it is now, of which one the offset is, and how many records of earlier logs must
     * and may be counted. */
    unsigned log[MODEL_PARTITIONS], offset_log[MODEL_PARTITIONS];
    uint64_t least[MODEL_PARTITIONS], most[MODEL_PARTITIONS];
    unsigned generation; /* of the group: each change of the assignment makes a new one */
};

struct model;

struct model_instance {
    struct model *model;
    int index;
    char directory[96];
    bool is_up, is_paused;
    enum model_answer answer;

    /* Of the process; gone with it. */
    struct fxi_pipeline *pipeline;
    struct fx_instance instances[2];
    struct fxi_plugin_entry entries[2];
    struct fxi_config config;
    struct fx_stream *streams[MODEL_PARTITIONS];
    unsigned generation;            /* as it knows it */
    unsigned log[MODEL_PARTITIONS]; /* what it reads */
    char tags[MODEL_PARTITIONS][FX_TAGS_BYTES];
    struct model_request asked;
    uint64_t values[MODEL_PARTITIONS], cut[MODEL_PARTITIONS], committed[MODEL_PARTITIONS];
    bool is_logged[MODEL_PARTITIONS], was_logged[MODEL_PARTITIONS];
    unsigned order[MODEL_PARTITIONS], order_count; /* of the log */

    /* What anybody has seen. */
    uint64_t shown[MODEL_PARTITIONS], shown_ever[MODEL_PARTITIONS];
    /* The books. */
    uint64_t counted[MODEL_PARTITIONS];
    bool is_in_doubt;                  /* it has prepared what is not known to be accepted */
    bool is_dropped[MODEL_PARTITIONS]; /* somebody dropped its tags there since it last committed it */
    uint64_t applied, chosen;          /* its last accepted commit, and what it goes on from */
    bool is_damaged;                   /* a file of it, since its last committed checkpoint */
    /* Of the disk. */
    unsigned newest_index;                 /* of the slots, when it was up last */
    uint64_t newest_number, synced_number; /* the slot whose mark a sync has followed */
    uint64_t before[MODEL_PARTITIONS];     /* what was accepted before the last accepted checkpoint */
    bool is_mark_lost;                     /* of the newest slot, by a power failure */
    bool begins_anew;                      /* at zero, after damage */
    bool has_told;                         /* a process that began so has said so, and ended before a commit */
    bool is_anew;                          /* it began so, and has not committed since: the next start may find more */
};

struct model {
    struct model_kafka kafka;
    struct model_instance instances[MODEL_INSTANCES];
    struct model_request delayed[MODEL_INSTANCES];
    enum model_rule rule;
    bool has_power_cuts;
    bool has_remakes;   /* then nothing else happens from outside, and the books are left alone */
    bool starts_at_end; /* without an offset; else at the beginning */
    bool is_away;       /* Kafka does not answer whoever starts */
    int64_t frontier[MODEL_PARTITIONS], owed[MODEL_PARTITIONS];
    int last[MODEL_PARTITIONS]; /* who knows the frontier: it committed it last; -1: nobody */
    char folder[64];
    char fault[200]; /* empty: all is well */
};

/* Of delivery_model.c. */
void model_fail(struct model *model, const char *format, ...) FX_PRINTF(2, 3);
bool model_is_zero(const uint64_t *values);
struct fxi_slot *model_slot(const struct model_instance *instance, unsigned index);

/* Of delivery_books.c. After a step: nothing is in doubt, so what an instance has is entered; and the sums are right. */
void model_close_books(struct model_instance *instance);
/* Before a process ends: whether it has said that its counters began at zero. */
void model_note_told(struct model_instance *instance);
void model_check_books(struct model *model);
void model_check_sums(struct model *model); /* at the end, of what is shown */
void model_forget_who_knows(struct model *model, int index);
/*
 * The limit that docs/delivery.md names: the newest mark was lost by a power failure, and its checkpoint's tags were
 * dropped, but not all tags of the instance (or the checkpoint was its first). Then it may begin with what was
 * accepted before.
 */
bool model_may_take_older(const struct model_instance *instance, const uint64_t *values);
bool model_is_other_log(const struct model_instance *instance, int partition);
/* An instance begins to read a partition there; said: how far off it says that is. */
void model_enter_beginning(struct model_instance *instance, int partition, int64_t begin, int64_t said);
/* What an instance goes on from now is in the books; and where in a partition it does. */
void model_enter_books(struct model_instance *instance, const uint64_t *values);
void model_enter_base(struct model_instance *instance, int partition, int64_t base);

/* Of delivery_input.c. */
extern const struct fx_plugin model_input_plugin;
extern const struct fxi_checkpoint_hooks model_hooks;

void model_begin(struct model *model, enum model_rule rule);
void model_end(struct model *model);

/* Steps. Those of an instance that is down, or up already, do nothing. */
void model_start(struct model *model, int index);
void model_kill(struct model *model, int index);
/* The same, and the machine's power is gone, too: with it the newest mark, if no sync has followed it. */
void model_power_fails(struct model *model, int index);
void model_pause(struct model *model, int index, bool is_paused);
void model_assign(struct model *model, int index, int partition);
void model_read(struct model *model, int index, int partition);
void model_checkpoint(struct model *model, int index, enum model_answer answer);
/* The partition's topic is deleted and made anew, with as many records as before. */
void model_remake(struct model *model, int partition);
/* In order: a checkpoint, then the partition is let go. */
void model_revoke(struct model *model, int index, int partition);
/* The group takes all that the instance has, without telling it; and it is told that it lost all. */
void model_expel(struct model *model, int index);
void model_lose(struct model *model, int index);
/* Somebody sets the group's offset, with or without leaving the tags beside it; or the group forgets it (-1). */
void model_set_offset(struct model *model, int partition, int64_t offset, bool keeps_tags);
/* A byte of a file of an instance that is down changes: what chooses the file and the byte. */
void model_damage(struct model *model, int index, unsigned what);
/* A commit that was delayed arrives. */
void model_deliver(struct model *model, int index);
/* Everything comes to its end: the sums must be exact. */
void model_drain(struct model *model);

/* The process dies when it comes to the nth failpoint from now on; 0: to none. True: it has died since it was set. */
void model_crash_at(unsigned nth);
bool model_has_crashed(void);

#endif
