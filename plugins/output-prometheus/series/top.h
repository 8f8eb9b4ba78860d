/*
 * The heaviest series of a metric (top: N). At most N series exist at a time; records of all others are counted in
 * 'other', and weighed: what each brought lately, halved every half_life. A series of weight that is not among them takes
 * the place of the lightest one if it is heavier by a quarter.
 *
 *   workers    count, or weigh what has no series, by the fingerprint of its labels (summary.h)
 *   prepare    weights of series, from what they grew, and of all others; who could go, and who may come for it
 *   next cut   permits for those that may come. Who has one begins with its next record, and counts from there
 *   the next   as many go as are too many now: those that could go, the lightest first (expire.c). What comes in their
 *              place is shown from this checkpoint on. Nobody goes for one that does not come
 *
 * A place that is free may be taken by anybody. So with at most N series each has its own from its first record on. The
 * registry's room bounds them in any case. Sums do not depend on any of this.
 */
#ifndef OUTPUT_PROMETHEUS_TOP_H
#define OUTPUT_PROMETHEUS_TOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "series/registry.h"
#include "series/summary.h"

struct prom_store;
struct prom_family;
struct prom_label;
struct fx_value;
struct fx_series;

#define PROM_TOP_MAX 100000
/* Counters of a summary: so many for each series, and at least. What one of them misses is at most 2 / counters of it all. */
#define PROM_TOP_COUNTERS     8
#define PROM_TOP_COUNTERS_MIN 2048
/* A newcomer is heavier by this factor. */
#define PROM_TOP_MARGIN 1.25

/* So many can go beyond those that have to, should one of them not be able to. */
#define PROM_TOP_SPARE       64
#define PROM_TOP_CHANGES_MAX 4096 /* of a metric in one cut */
/* Series that end need numbers for as long as pages show them. */
#define PROM_TOP_NUMBERS(limit) (4 * (limit) + 1024)

struct prom_top {
    uint32_t limit; /* N; 0: all series are shown, and nothing of this is done */
    double half_life_ms;
    /* Workers read these; they are written while all stand still. */
    uint64_t *permits; /* fingerprints, in order */
    size_t permit_count;
    _Atomic uint32_t open; /* places that anybody may take */
    /* The checkpoint's owner's. */
    struct prom_summary *aside; /* by worker: what it weighed until the cut */
    unsigned worker_count;
    struct prom_summary rest; /* of what has no series */
    double *weights;          /* by series; of 'other', too */
    uint8_t *states;
    size_t known;
    int64_t weighed_ms;              /* when; 0: never */
    struct prom_counter *candidates; /* room for all counters */
    struct prom_counter *ranked;     /* series that could go: number and weight */
    /* For the next cut, if is_decided. */
    bool is_decided;
    uint64_t *next_permits;
    size_t next_permit_count;
    uint32_t *victims; /* the lightest first; some more than there are permits */
    size_t victim_count;
    uint64_t admitted_count, displaced_count;                                        /* since the last prepare */
    struct fx_series *shown, *places, *admitted, *displaced, *weight, *other_weight; /* metrics */
};

/* limit and half_life_ms are there. 0, or -1 without memory. To be freed in both cases. */
int prom_top_init(struct prom_top *top);
void prom_top_fini(struct prom_top *top);
void prom_top_add_metrics(struct prom_store *store, struct prom_family *family);

/* Before a worker begins: room for what it weighs. 0, or -1 without memory. */
int prom_top_add_worker(struct prom_top *top, unsigned worker_count, struct prom_summary *own);

/* ---- workers (top_key.c) */

/* The same for a record and for the key that it would have; never 0. */
uint64_t prom_top_fingerprint(const struct prom_family *family, const struct fx_value *row);
uint64_t prom_top_key_fingerprint(const struct prom_registry *registry, const uint64_t *key);
/* Whether the series may begin, as far as this goes; one without a permit then takes one of the open places. */
bool prom_top_may_begin(const struct prom_top *top, uint64_t fingerprint);
bool prom_top_has_permit(const struct prom_top *top, uint64_t fingerprint);

/* ---- the checkpoint's owner */

/* Before a cut: chooses those that could go, before the idle ones. In the cut, when they have gone: the permits. */
void prom_top_choose(const struct prom_store *store, struct prom_family *family);
void prom_top_cut(struct prom_store *store, unsigned family);
/* In the cut: whether one has to go; and: this one does, having grown by so much since the last one. */
static inline bool prom_top_is_over(const struct prom_top *top, const struct prom_registry *registry)
{
    return registry->live > top->limit;
}
void prom_top_take_out(struct prom_top *top, uint32_t number, double growth);
/* Whether one more can be shown. */
bool prom_top_has_line(const struct prom_family *family);
/* In prepare, when the values are those of the page. 0, or -1 without memory. */
int prom_top_prepare(struct prom_store *store, unsigned family);
/* In restore: all series that are there began long ago; and one had this weight. 0, or -1 without memory. */
int prom_top_restored(struct prom_store *store);
int prom_top_restore_weight(struct prom_top *top, uint32_t number, double weight);

#endif
