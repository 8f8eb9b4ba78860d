/*
 * The values of one cut. The checkpoint's thread takes them while all workers stand still. Pages hold counted
 * references to them. A snapshot that nobody holds any more is kept for the next cut: so a cut copies into memory
 * that is there already. Copying is most of the time that a cut takes.
 */
#ifndef OUTPUT_PROMETHEUS_SNAPSHOT_H
#define OUTPUT_PROMETHEUS_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "metric/shape.h"

struct prom_store;

/* The values of one committed (or pending) cut, by family and series. Pages share it; it is reference-counted. */
struct prom_snapshot {
    struct prom_store *store;
    atomic_uint references;
    uint64_t number;
    struct prom_snapshot *next; /* in the store's list */
    int64_t cut_ms;             /* when it was cut; 0: restored, not cut */
    uint64_t cut_wall_ms;
    struct prom_values {
        size_t count;                   /* series */
        size_t capacity;                /* slots */
        uint64_t *values;               /* by series, then slot */
        uint64_t ended[PROM_SLOTS_MAX]; /* the sum of series that have ended (expire.h) */
        int64_t ended_at;
    } families[];
};

struct prom_snapshot *prom_snapshot_new(struct prom_store *store);
/* Adds up the values of all workers, who stand still. NULL without memory. */
struct prom_snapshot *prom_snapshot_take(struct prom_store *store, uint64_t number);
/*
 * prom_snapshot_zero makes a snapshot with zero for all series, for a checkpoint that is about to be restored.
 * prom_snapshot_expose shows a snapshot.
 */
struct prom_snapshot *prom_snapshot_zero(struct prom_store *store, uint64_t number);
void prom_snapshot_expose(struct prom_store *store, struct prom_snapshot *snapshot);
/* Prepares the memory of the next snapshot, as far as its size is known. */
void prom_snapshot_reserve(struct prom_store *store);
/* The number of the oldest cut that a page may still show. */
uint64_t prom_snapshot_oldest(struct prom_store *store);
struct prom_snapshot *prom_snapshot_get(struct prom_store *store); /* the exposed snapshot, with a counted reference */
void prom_snapshot_unref(struct prom_snapshot *snapshot);
void prom_snapshot_free(struct prom_snapshot *snapshot);

#endif
