/*
 * The values of one cut. The checkpoint's owner takes them while all workers stand still; pages hold them, counted. A snapshot
 * that nobody holds any more is kept for the next cut: so a cut copies into memory that is there already, which is most of how
 * long it takes.
 */
#ifndef OUTPUT_PROMETHEUS_SNAPSHOT_H
#define OUTPUT_PROMETHEUS_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "metric/shape.h"

struct prom_store;

/* The values of one committed (or pending) cut, by family and series. Shared by pages; counted. */
struct prom_snapshot {
    struct prom_store *store;
    atomic_uint references;
    uint64_t number;
    struct prom_snapshot *next; /* in the store's list */
    int64_t cut_ms;             /* when it was cut; 0: it was not, but restored */
    uint64_t cut_wall_ms;
    struct prom_values {
        size_t count;                   /* of series */
        size_t capacity;                /* of slots */
        uint64_t *values;               /* by series, and slot */
        uint64_t ended[PROM_SLOTS_MAX]; /* the sum of series that have ended (expire.h) */
        int64_t ended_at;
    } families[];
};

struct prom_snapshot *prom_snapshot_new(struct prom_store *store);
/* The values of all workers, who stand still, added up. NULL without memory. */
struct prom_snapshot *prom_snapshot_take(struct prom_store *store, uint64_t number);
/* With zero for all series; of a checkpoint that is to be restored. And: shows it. */
struct prom_snapshot *prom_snapshot_zero(struct prom_store *store, uint64_t number);
void prom_snapshot_expose(struct prom_store *store, struct prom_snapshot *snapshot);
/* Sees to it that the next one finds its memory there, as far as that is known. */
void prom_snapshot_reserve(struct prom_store *store);
/* The number of the oldest cut that a page may still show. */
uint64_t prom_snapshot_oldest(struct prom_store *store);
struct prom_snapshot *prom_snapshot_get(struct prom_store *store); /* the exposed one, counted */
void prom_snapshot_unref(struct prom_snapshot *snapshot);
void prom_snapshot_free(struct prom_snapshot *snapshot);

#endif
