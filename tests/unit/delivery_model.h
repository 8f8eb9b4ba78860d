/*
 * A model of delivery around the core's own code: instances whose coordinator,
 * recovery and state directory are real, between an input, an output and a
 * Kafka that are not. One thread; a crash is a jump out of a failpoint.
 */
#ifndef TEST_DELIVERY_MODEL_H
#define TEST_DELIVERY_MODEL_H

#include <stdbool.h>

#include "pipeline/state.h"

enum { MODEL_INSTANCES = 3, MODEL_PARTITIONS = 3, MODEL_RECORDS = 12 };

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
        int64_t offset;
        unsigned log; /* which the offset is of */
        char tags[FX_TAGS_BYTES];
    } of[MODEL_PARTITIONS];
};

struct model_kafka {
    int64_t offset[MODEL_PARTITIONS];
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
};

struct model {
    struct model_kafka kafka;
    struct model_instance instances[MODEL_INSTANCES];
    struct model_request delayed[MODEL_INSTANCES];
    enum model_rule rule;
    char folder[64];
    char fault[200]; /* empty: all is well */
};

/* Of delivery_input.c. */
extern const struct fx_plugin model_input_plugin;

void model_begin(struct model *model, enum model_rule rule);
void model_end(struct model *model);

/* Steps. Those of an instance that is down, or up already, do nothing. */
void model_start(struct model *model, int index);
void model_kill(struct model *model, int index);
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
/* A commit that was delayed arrives. */
void model_deliver(struct model *model, int index);
/* Everything comes to its end: the sums must be exact. */
void model_drain(struct model *model);

/* The process dies when it comes to the nth failpoint from now on; 0: to none. True: it has died since it was set. */
void model_crash_at(unsigned nth);
bool model_has_crashed(void);

#endif
