/*
 * A model of delivery around the core's own code. The coordinator, recovery and state directory of its instances are
 * the core's. The input, the output and Kafka are modelled. One thread; a crash is a jump out of a failpoint.
 *
 * The books record what must hold. `counted` has, for each instance and partition, the records in the last checkpoint
 * that Kafka accepted. `frontier` is the offset up to which all instances together have counted a partition. Events
 * from outside (offsets forgotten or set, files damaged) can make the instances differ from the books. Each such
 * difference is entered in `owed`, and only where the rules allow it. At the end the sum of every partition is exactly
 * its records plus what is owed.
 */
#ifndef TEST_DELIVERY_MODEL_H
#define TEST_DELIVERY_MODEL_H

#include <stdbool.h>

#include "checkpoint/inside.h"
#include "pipeline/wiring.h"

enum { MODEL_INSTANCES = 3, MODEL_PARTITIONS = 3, MODEL_OFFSETS = 12 };

/* The number of records before an offset: two of a log's offsets are the markers of transactions. */
int64_t model_records(int64_t offset);

/* The fate of a requested commit. */
enum model_answer {
    MODEL_OK,
    MODEL_LOST,    /* applied, but the answer is lost */
    MODEL_DROPPED, /* neither applied nor answered */
    MODEL_DELAYED  /* applied later, if the member may still commit then */
};

/* Rules that a run breaks on purpose. The model must notice each. */
enum model_rule {
    MODEL_SOUND,
    MODEL_ONE_TAG,         /* other instances' tags are dropped */
    MODEL_EXPOSE_FIRST,    /* a page shows a cut before its commit */
    MODEL_OWN_POSITIONS,   /* a start continues from the slot's positions, whatever the group says */
    MODEL_NEWEST_IS_TRUTH, /* a prepared slot counts as accepted */
    MODEL_OLDER_IS_TRUTH,  /* a slot without a mark counts as refused */
    MODEL_NO_LOOK_UP,      /* a refusal is believed without asking what became of the commit */
    MODEL_NO_LATE_LOOK,    /* tags found at an assignment are ignored */
    MODEL_BARE_RESET,      /* a stream whose topic was made anew only goes back to its beginning */
    MODEL_ASSIGNED_ONLY,   /* a checkpoint has positions of assigned partitions only */
    MODEL_BELIEVE_OFFSETS, /* offsets that no instance has committed go unnoticed */
    MODEL_KEEP_LOOSE,      /* a partition is given away with counted, uncommitted records */
    MODEL_TRUST_DAMAGED,   /* the readable slot is the truth when the other is damaged */
    MODEL_DROPPED_IS_NO,   /* dropped tags are taken for a refused commit */
    MODEL_CANNOT_VETO,     /* an output that can't store a cut does not report it */
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
        unsigned log; /* the log that the offset belongs to */
        char tags[FX_TAGS_BYTES];
    } of[MODEL_PARTITIONS];
    uint64_t base[MODEL_PARTITIONS], values[MODEL_PARTITIONS]; /* of the cut's base, and of the cut */
};

struct model_kafka {
    int64_t offset[MODEL_PARTITIONS];  /* -1: none, the group has forgotten it */
    bool is_foreign[MODEL_PARTITIONS]; /* set or forgotten since the last commit of an instance */
    char tags[MODEL_PARTITIONS][FX_TAGS_BYTES];
    int owner[MODEL_PARTITIONS]; /* -1: nobody */
    /*
     * For topics that are made anew: the current log, the log that the offset belongs to, and how many records of
     * earlier logs must and may be counted.
     */
    unsigned log[MODEL_PARTITIONS], offset_log[MODEL_PARTITIONS];
    uint64_t least[MODEL_PARTITIONS], most[MODEL_PARTITIONS];
    unsigned generation; /* the group's; each change of the assignment makes a new one */
};

struct model;

struct model_instance {
    struct model *model;
    int index;
    char directory[96];
    bool is_up, is_paused;
    enum model_answer answer;

    /* The process's memory, gone when the process dies. */
    struct fxi_pipeline *pipeline;
    struct fx_instance instances[2];
    struct fxi_plugin_entry entries[2];
    struct fxi_config config;
    struct fx_stream *streams[MODEL_PARTITIONS];
    unsigned generation;            /* as the process knows it */
    unsigned log[MODEL_PARTITIONS]; /* the log that it reads */
    char tags[MODEL_PARTITIONS][FX_TAGS_BYTES];
    struct model_request asked;
    uint64_t values[MODEL_PARTITIONS], cut[MODEL_PARTITIONS], committed[MODEL_PARTITIONS];
    bool is_logged[MODEL_PARTITIONS], was_logged[MODEL_PARTITIONS];
    unsigned order[MODEL_PARTITIONS], order_count; /* of the series in the log */

    /* The values that anybody has seen. */
    uint64_t shown[MODEL_PARTITIONS], shown_ever[MODEL_PARTITIONS];
    /* The books. */
    uint64_t counted[MODEL_PARTITIONS];
    bool is_in_doubt;                  /* a checkpoint is prepared and not known to be accepted */
    bool is_dropped[MODEL_PARTITIONS]; /* its tags there were dropped since its last commit of the partition */
    uint64_t applied, chosen;          /* its last accepted commit, and the one that it continues from */
    bool is_damaged;                   /* one of its files, since its last committed checkpoint */
    /* The disk. */
    unsigned newest_index;                 /* of its slots, when it last ran */
    uint64_t newest_number, synced_number; /* synced_number: the slot whose mark a sync has followed */
    uint64_t before[MODEL_PARTITIONS];     /* the checkpoint accepted before the last accepted one */
    bool is_mark_lost;                     /* of the newest slot, in a power failure */
    bool begins_anew;                      /* at zero, after damage */
    bool has_told;                         /* a process that began anew has reported it, and died before a commit */
    bool is_anew;                          /* it began anew and has not committed since: the next start may find more */
};

struct model {
    struct model_kafka kafka;
    struct model_instance instances[MODEL_INSTANCES];
    struct model_request delayed[MODEL_INSTANCES];
    enum model_rule rule;
    bool has_power_cuts;
    bool has_vetoes;    /* outputs fail to store some cuts */
    bool has_remakes;   /* no other outside events happen then, and the books are not kept */
    bool starts_at_end; /* if the group has no offset; otherwise at the beginning */
    bool is_away;       /* Kafka does not answer an instance that starts */
    int64_t frontier[MODEL_PARTITIONS], owed[MODEL_PARTITIONS];
    int last[MODEL_PARTITIONS]; /* the instance that knows the frontier because it committed it; -1: none */
    char folder[64];
    char fault[200]; /* empty: all is well */
};

/* In delivery_model.c. */
void model_fail(struct model *model, const char *format, ...) FX_PRINTF(2, 3);
bool model_is_zero(const uint64_t *values);
struct fxi_slot *model_slot(const struct model_instance *instance, unsigned index);

/*
 * In delivery_books.c. Called after a step. If nothing is in doubt, the instance's values are entered. The sums are
 * checked.
 */
void model_close_books(struct model_instance *instance);
/* Called before a process ends. Notes whether the process has reported that its counters began at zero. */
void model_note_told(struct model_instance *instance);
void model_check_books(struct model *model);
void model_check_sums(struct model *model); /* at the end, for the shown values */
void model_forget_who_knows(struct model *model, int index);
/*
 * The limit that docs/delivery.md names. A power failure has lost the newest mark. The tags of that checkpoint were
 * dropped, but not all tags of the instance, or the checkpoint was its first. The instance may then begin with what was
 * accepted before.
 */
bool model_may_take_older(const struct model_instance *instance, const uint64_t *values);
bool model_is_other_log(const struct model_instance *instance, int partition);
/* An instance begins to read a partition at begin. said: the distance to the right place, as the core reports it. */
void model_enter_beginning(struct model_instance *instance, int partition, int64_t begin, int64_t said);
/* Compares the values and positions from which an instance continues with the books, and enters what may differ. */
void model_enter_books(struct model_instance *instance, const uint64_t *values);
void model_enter_base(struct model_instance *instance, int partition, int64_t base);

/* In delivery_input.c. */
extern const struct fx_plugin model_input_plugin;
extern const struct fxi_checkpoint_hooks model_hooks;

void model_begin(struct model *model, enum model_rule rule);
void model_end(struct model *model);

/* Steps. A step of an instance that is down does nothing; nor does the start of one that is up. */
void model_start(struct model *model, int index);
void model_kill(struct model *model, int index);
/* Kills the process by a power failure. The newest mark is lost if no sync has followed it. */
void model_power_fails(struct model *model, int index);
void model_pause(struct model *model, int index, bool is_paused);
void model_assign(struct model *model, int index, int partition);
void model_read(struct model *model, int index, int partition);
void model_checkpoint(struct model *model, int index, enum model_answer answer);
/* Deletes the partition's topic and makes it anew, with as many records as before. */
void model_remake(struct model *model, int partition);
/* Gives a partition back in order: a checkpoint, then the release. */
void model_revoke(struct model *model, int index, int partition);
/* expel: the group takes all partitions of the instance without telling it. lose: the instance is told as well. */
void model_expel(struct model *model, int index);
void model_lose(struct model *model, int index);
/* Somebody sets the group's offset, and keeps or drops the tags beside it. With -1 the group forgets it. */
void model_set_offset(struct model *model, int partition, int64_t offset, bool keeps_tags);
/* Changes a byte in a file of an instance that is down. `what` chooses the file and the byte. */
void model_damage(struct model *model, int index, unsigned what);
/* A delayed commit arrives. */
void model_deliver(struct model *model, int index);
/* Brings everything to its end: the sums must be exact. */
void model_drain(struct model *model);

/* Makes the process die at the nth failpoint from now on; 0: at none. has_crashed: it has died since then. */
void model_crash_at(unsigned nth);
bool model_has_crashed(void);

#endif
