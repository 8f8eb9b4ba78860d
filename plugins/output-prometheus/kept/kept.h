/*
 * What outlives the program, in the state directory (<flow-exporter/state.h>). Only the checkpoint's thread calls this.
 *
 * The log has, in order of appearance: a metric's definition; a series' key; a series' text as shown, or the series
 * that it is shown as. The series of a metric have places, counted from 0 in the order in which they come in the
 * log. Place 0 is 'other', which has no key.
 *
 * The values have four parts, one after the other. Each part has an item for each metric of the log:
 *
 *   1  A count and as many numbers: by place, and for each place its slots (shape.h).
 *   2  The sum of ended series (its first slot), and when the last one ended (s since the epoch). Then a count of
 *      places, and for each place how long its series has been idle (32-bit, tenths of a second), filled up to 8 bytes.
 *   3  A count, and the further slots of the sum of ended series.
 *   4  A count of places with as many weights (doubles): none without top.
 *
 * Older versions write and read only the first part.
 *
 * An entry of the log is any number of records:
 *
 *   u8 PROM_KEPT_METRIC, u32 size, its definition as text (prom_family_define)
 *   u8 PROM_KEPT_OTHER,  u32 metric, u64 when its 'other' began, in ms since the epoch
 *   u8 PROM_KEPT_BEGUN,  u32 metric, u32 place, u64 when it began, in ms since the epoch; then its key, for each label:
 *                        u8 PROM_KEPT_NUMBER, u64 number; or u8 PROM_KEPT_TEXT or PROM_KEPT_CELL, u32 size, its text
 *                        or key
 *   u8 PROM_KEPT_SERIES, u32 metric, its key: by older versions, which did not know when it began, at the next place
 *   u8 PROM_KEPT_SHOWN,  u32 metric, u32 place, u32 size, the values of its labels as line.h has them
 *   u8 PROM_KEPT_ALIAS,  u32 metric, u32 place, u32 place of the series that it is shown as, or was renamed to
 *   u8 PROM_KEPT_VOID,   u32 metric: a place without a series
 *   u8 PROM_KEPT_ENDED,  u32 metric, u32 place: its series has ended; another series may get the place later
 *
 * metric counts the definitions before it in the log, from 0. A metric that is no longer configured keeps its number
 * there, without values.
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

/*
 * Instead of the series number of a place: the series is in another place or went into 'other'. The value counts
 * there.
 */
#define PROM_PLACE_VOID (UINT32_C(1) << 31)

#define PROM_PLACE_FREE UINT32_MAX /* its series has ended */

/* Flags of a series. */
enum prom_kept_flags {
    PROM_KEPT_HAS_KEY = 1,   /* it has a place */
    PROM_KEPT_HAS_TEXT = 2,  /* the log has how it is shown */
    PROM_KEPT_IS_KEYLESS = 4 /* one of its cells has no key: the series is not kept */
};

/* One metric of the log. */
struct prom_kept_metric {
    int family;                    /* the index of the metric; -1: no longer configured */
    char *definition;              /* owned */
    uint64_t other_created;        /* when its 'other' began; 0: not known */
    uint32_t *places;              /* series by place */
    size_t count;                  /* places */
    size_t accepted;               /* places in the last accepted checkpoint */
    size_t capacity;               /* room, in places */
    uint32_t *ended, *free, *used; /* places: whose end must be logged; without a series; given a series since
                                    * accepted */
    size_t ended_count, free_count, used_count, spare_capacity; /* sizes of the three */
    uint32_t *place_of;                                         /* place by series */
    uint8_t *flags;                                             /* by series */
    size_t known;                                               /* series that place_of and flags have room for */
    size_t looked_at; /* series below it were looked at, except those that became shown since */
};

struct prom_kept {
    struct prom_kept_metric *metrics;
    size_t count, accepted;
    struct prom_kept_text { /* texts that the checkpoint under way has added */
        uint32_t metric, number;
    } * texts;
    size_t text_count, text_capacity;
    uint64_t live_bytes, live_before; /* bytes of entries that still matter; before: without the checkpoint under way */
    bool is_written;                  /* the checkpoint under way is in the log and the values */
    bool look_at_all;                 /* something was forgotten */
};

void prom_kept_fini(struct prom_kept *kept);

/* write.c, in prepare: logs what is new and puts the values of the pending cut. 0 or FX_ENOMEM. */
int prom_kept_write(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint);
/*
 * prom_kept_accept: the checkpoint under way was accepted. prom_kept_forget: it was not, and what it logged is
 * forgotten.
 */
void prom_kept_accept(struct prom_kept *kept);
void prom_kept_forget(struct prom_kept *kept);

/* The series has ended for good: the end must be logged, and the series' number means nothing any more. */
void prom_kept_end(struct prom_kept *kept, unsigned family, uint32_t number, size_t text_size);

/* For restore.c and write.c: 0, or -1 without memory. */
int prom_kept_add_metric(struct prom_kept *kept, const char *definition, size_t size, int family);
int prom_kept_add_place(struct prom_kept_metric *metric, uint32_t number);
uint32_t prom_kept_next_place(const struct prom_kept_metric *metric);
int prom_kept_use_next_place(struct prom_kept_metric *metric, uint32_t number);
int prom_kept_put_place(struct prom_kept_metric *metric, uint32_t place, uint32_t number); /* a free place, or the
                                                                                            * next */
int prom_kept_collect_free(struct prom_kept_metric *metric);                               /* call when the whole log
                                                                                            * was read */
int prom_kept_reserve(struct prom_kept_metric *metric, size_t series);

/*
 * restore.c: reads series and values of an accepted checkpoint into the registries and a snapshot. 0 or a negative
 * code.
 */
int prom_kept_read(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint,
                   struct fx_error *err);

#endif
