/*
 * What outlives the program, in the state directory (<flow-exporter/state.h>). The checkpoint's owner.
 *
 * The log has, in this order of appearance: a metric's definition; a series' key; a series' text as shown, or the
 * series that it is shown as. Series of a metric have places, counted from 0 as they come in the log; place 0 is
 * 'other', which has no key. The values are, for each metric of the log, a count and so many numbers: by place, and of
 * each place its slots (shape.h). Behind them, for each metric again, the sum of what has ended (its first slot), when
 * the last did (s since the epoch), and a count of places with as many times for which each has been idle (32-bit,
 * tenths of a second), filled up to 8 bytes. Then, for each metric, a count and the further slots of what has ended. Then,
 * for each metric, a count of places with as many weights (doubles): none without top.
 * What comes behind the first of these parts, older versions did not write, and do not read.
 *
 * An entry of the log is any number of records:
 *
 *   u8 PROM_KEPT_METRIC, u32 size, its definition as text (prom_family_define)
 *   u8 PROM_KEPT_OTHER,  u32 metric, u64 when its 'other' began, in ms since the epoch
 *   u8 PROM_KEPT_BEGUN,  u32 metric, u32 place, u64 when it began, in ms since the epoch; then its key, for each label:
 *                        u8 PROM_KEPT_NUMBER, u64 number; or u8 PROM_KEPT_TEXT or PROM_KEPT_CELL, u32 size, its text or key
 *   u8 PROM_KEPT_SERIES, u32 metric, its key: by older versions, which did not know when it began, at the next place
 *   u8 PROM_KEPT_SHOWN,  u32 metric, u32 place, u32 size, the values of its labels as line.h has them
 *   u8 PROM_KEPT_ALIAS,  u32 metric, u32 place, u32 place of the series that it is shown as, or was renamed to
 *   u8 PROM_KEPT_VOID,   u32 metric: a place without a series
 *   u8 PROM_KEPT_ENDED,  u32 metric, u32 place: its series has ended; another one may have the place later
 *
 * metric counts the definitions before it in the log, from 0. A metric that is no longer configured keeps its place
 * there without values.
 */
#ifndef OUTPUT_PROMETHEUS_KEPT_H
#define OUTPUT_PROMETHEUS_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/plugin.h>
#include <flow-exporter/state.h>

struct prom_store;

enum {
    PROM_KEPT_METRIC = 1,
    PROM_KEPT_SERIES,
    PROM_KEPT_SHOWN,
    PROM_KEPT_ALIAS,
    PROM_KEPT_VOID,
    PROM_KEPT_OTHER,
    PROM_KEPT_BEGUN,
    PROM_KEPT_ENDED
};
enum { PROM_KEPT_NUMBER = 1, PROM_KEPT_TEXT, PROM_KEPT_CELL };

/* In the series number of a place: it is in another place, or went into 'other'; its value counts there. */
#define PROM_PLACE_VOID (UINT32_C(1) << 31)

#define PROM_PLACE_FREE UINT32_MAX /* its series has ended */

/* By series. */
enum prom_kept_flags {
    PROM_KEPT_HAS_KEY = 1,   /* it has a place */
    PROM_KEPT_HAS_TEXT = 2,  /* what it is shown as is in the log */
    PROM_KEPT_IS_KEYLESS = 4 /* one of its cells has no key: it is not kept */
};

/* One metric of the log. */
struct prom_kept_metric {
    int family;                    /* which it is; -1: it is no longer configured */
    char *definition;              /* owned */
    uint64_t other_created;        /* when its 'other' began; 0: not known */
    uint32_t *places;              /* series by place */
    size_t count;                  /* of places */
    size_t accepted;               /* of them, in the last accepted checkpoint */
    size_t capacity;               /* of places */
    uint32_t *ended, *free, *used; /* places: whose end is to be logged; without a series; given one since accepted */
    size_t ended_count, free_count, used_count, spare_capacity; /* of each of the three */
    uint32_t *place_of;                                         /* place by series */
    uint8_t *flags;                                             /* by series */
    size_t known;                                               /* series that place_of and flags have room for */
    size_t looked_at; /* series below were looked at, but for those that became shown since */
};

struct prom_kept {
    struct prom_kept_metric *metrics;
    size_t count, accepted;
    struct prom_kept_text { /* texts that the checkpoint under way has added */
        uint32_t metric, number;
    } * texts;
    size_t text_count, text_capacity;
    uint64_t live_bytes, live_before; /* of entries that matter; before: without the checkpoint under way */
    bool is_written;                  /* the checkpoint under way is in the log and the values */
    bool look_at_all;                 /* something was forgotten */
};

void prom_kept_fini(struct prom_kept *kept);

/* write.c, in prepare: logs what is new and puts the values of the pending cut. 0 or FX_ENOMEM. */
int prom_kept_write(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint);
/* The checkpoint under way was accepted; or it was not, and what it logged is forgotten. */
void prom_kept_accept(struct prom_kept *kept);
void prom_kept_forget(struct prom_kept *kept);

/* The series has ended, for good: that is to be logged, and its number means nothing any more. */
void prom_kept_end(struct prom_kept *kept, unsigned family, uint32_t number, size_t text_size);

/* For restore.c and write.c: 0, or -1 without memory. */
int prom_kept_add_metric(struct prom_kept *kept, const char *definition, size_t size, int family);
int prom_kept_add_place(struct prom_kept_metric *metric, uint32_t number);
uint32_t prom_kept_next_place(const struct prom_kept_metric *metric);
int prom_kept_use_next_place(struct prom_kept_metric *metric, uint32_t number);
int prom_kept_put_place(struct prom_kept_metric *metric, uint32_t place, uint32_t number); /* a free one, or the next */
int prom_kept_collect_free(struct prom_kept_metric *metric);                               /* when all was read */
int prom_kept_reserve(struct prom_kept_metric *metric, size_t series);

/* restore.c: series and values of an accepted checkpoint, into the registries and a snapshot. 0 or a negative code. */
int prom_kept_read(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint,
                   struct fx_error *err);

#endif
