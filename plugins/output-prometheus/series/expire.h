/*
 * Series that end. One whose value has not changed for expire_after is taken out in a cut, some at a time: its value goes
 * on in the metric's sum of ended series, its key is free, and the next record with it makes a new series from zero.
 * What was taken out stays out, also when the cut is given back or void: the next one says so.
 *
 *   before a cut, beside workers   some that are due are chosen
 *   in the cut                     those that have still not changed are taken out
 *   prepare                        they are not shown any more, and their end is logged; then it is seen who is idle
 *   later                          no page shows a cut in which they were: memory and numbers are given back
 *
 * With top, series end, too, that are displaced by heavier ones (top.h), whether they have changed or not.
 *
 * The checkpoint's owner's. Without expire_after and top nothing of it is done.
 */
#ifndef OUTPUT_PROMETHEUS_EXPIRE_H
#define OUTPUT_PROMETHEUS_EXPIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "series/registry.h"
#include "metric/shape.h"

struct prom_store;
struct prom_family;
struct prom_values;

/* So many of a metric in one cut: less than a millisecond. */
#define PROM_EXPIRE_MAX 8192

#define PROM_ENDED_LABEL "ended"

struct prom_expire {
    int64_t after_ms; /* of no change; 0: never */
    bool is_on;       /* series end at all: by this, or displaced by heavier ones (top.h) */
    uint32_t *active; /* by series: when its value changed last (prom_expire_now) */
    size_t known;     /* series that this has room for */
    uint32_t cursor;  /* the next to look at */
    struct prom_registry_place *chosen;
    size_t chosen_count;
    size_t displaced_count;         /* the first of them: to go as far as there are too many */
    uint64_t ended[PROM_SLOTS_MAX]; /* the sum of what has ended; of gauges nothing */
    int64_t ended_at;               /* when the last did, in s since the epoch; another one each time */
    uint64_t made;                  /* of registry.made, as far as counted in the metric */
};

void prom_expire_fini(struct prom_expire *expire);

/* Room for count series. 0, or -1 without memory. */
int prom_expire_reserve(struct prom_expire *expire, size_t count);

/* Tenths of a second, from a time before any that is known. */
uint32_t prom_expire_now(void);

void prom_expire_before_cut(struct prom_store *store);
/* All workers stand still, before values are copied. 0, or -1 without memory: there can be no cut. */
int prom_expire_cut(struct prom_store *store, uint64_t number);
/* Of one metric: what the cut has ended, and which numbers it has given again. 0, or -1 without memory. */
int prom_expire_prepare(struct prom_store *store, unsigned family);
/* Then, when the values are those of the page: which have changed. */
void prom_expire_note_changes(struct prom_store *store, unsigned family);
/* All workers stand still and have the values of the exposed cut: what has ended since stays ended. */
void prom_expire_put_back(struct prom_store *store);

/* In restore: a series that was in the log ends there. 0, or -1 without memory. And: the end of restore. */
int prom_expire_restore_end(struct prom_store *store, unsigned family, uint32_t number, uint64_t cut);
int prom_expire_restored(struct prom_store *store);

/* The lines of what has ended, if anything has: those of these parts (filter.h). */
bool prom_expire_has_line(const struct prom_values *values);
void prom_expire_print(const struct prom_family *family, const struct prom_values *values, unsigned parts,
                       struct prom_buffer *to);

#endif
