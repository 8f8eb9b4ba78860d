/*
 * Series that end. A series whose value has not changed for expire_after is taken out in a cut, some at a time. Its
 * value goes on in the metric's sum of ended series. Its key is free, and the next record with it makes a new series
 * from zero. A series that was taken out stays out, even when the cut is given back or void: the next cut then
 * reports its end.
 *
 *   before a cut, beside workers   some series that are due are chosen
 *   in the cut                     the chosen series that have still not changed are taken out
 *   prepare                        they are not shown any more, and their end is logged; then idle series are noted
 *   later                          no page shows a cut in which they were: memory and numbers are given back
 *
 * With top, series also end when heavier ones displace them (top.h), whether they have changed or not.
 *
 * Call only from the checkpoint's thread. Unused unless expire_after or top is set.
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

/* Most series of a metric that end in one cut: this takes less than a millisecond. */
#define PROM_EXPIRE_MAX 8192

#define PROM_ENDED_LABEL "ended"

struct prom_expire {
    int64_t after_ms; /* time without change; 0: never */
    bool is_on;       /* series can end: by expire_after, or displaced by heavier ones (top.h) */
    uint32_t *active; /* by series: when its value changed last (prom_expire_now) */
    size_t known;     /* series that active has room for */
    uint32_t cursor;  /* the next to look at */
    struct prom_registry_place *chosen;
    size_t chosen_count;
    size_t displaced_count;         /* the first of chosen: they end only as far as there are too many series */
    uint64_t ended[PROM_SLOTS_MAX]; /* the sum of ended series; unused for gauges */
    int64_t ended_at;               /* when the last series ended, in s since the epoch; different each time */
    uint64_t made;                  /* how much of registry.made is counted in the program's metric */
};

void prom_expire_fini(struct prom_expire *expire);

/* Makes room for count series. 0, or -1 without memory. */
int prom_expire_reserve(struct prom_expire *expire, size_t count);

/* The time in tenths of a second, counted from before any time that is stored. */
uint32_t prom_expire_now(void);

void prom_expire_before_cut(struct prom_store *store);
/* Call while all workers stand still, before values are copied. 0, or -1 without memory: then there can be no cut. */
int prom_expire_cut(struct prom_store *store, uint64_t number);
/* For one metric: handles the series that the cut has ended, and the numbers given again. 0, or -1 without memory. */
int prom_expire_prepare(struct prom_store *store, unsigned family);
/* Call after prepare, when the values are those of the page: notes which series have changed. */
void prom_expire_note_changes(struct prom_store *store, unsigned family);
/* Call when all workers stand still and have the values of the exposed cut. Series that have ended since stay ended. */
void prom_expire_put_back(struct prom_store *store);

/*
 * In restore: prom_expire_restore_end ends a series that was in the log. 0, or -1 without memory.
 * prom_expire_restored ends the restore.
 */
int prom_expire_restore_end(struct prom_store *store, unsigned family, uint32_t number, uint64_t cut);
int prom_expire_restored(struct prom_store *store);

/* The lines of ended series, if any has ended; only those of these parts (filter.h). */
bool prom_expire_has_line(const struct prom_values *values);
void prom_expire_print(const struct prom_family *family, const struct prom_values *values, unsigned parts,
                       struct prom_buffer *to);

#endif
