/*
 * The heaviest series of a metric (top: N). At most N series exist at a time. Records of all others are counted in
 * 'other', and weighed. A weight is what a series brought, halved every half_life. A newcomer takes the place of the
 * lightest series if it is heavier by a quarter.
 *
 *   workers    count, or weigh what has no series, by the fingerprint of its labels (summary.h)
 *   prepare    finds weights of series, from their growth, and of all others; who could go, and who may come instead
 *   next cut   gives permits to those that may come. A newcomer with a permit begins with its next record, from zero
 *   the next   takes out as many series as are too many now: of those that could go, the lightest first (expire.c).
 *              Newcomers are shown from this checkpoint on. If a newcomer does not come, no series goes for it
 *
 * Anybody may take a free place. So with at most N series, each has its own from its first record on. The registry's
 * room bounds the number of series in any case. Sums do not depend on any of this.
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
/*
 * Counters of a summary: this many for each series, and a minimum. The error of one counter is at most 2 / counters
 * of the total.
 */
#define PROM_TOP_COUNTERS     8
#define PROM_TOP_COUNTERS_MIN 2048
/* A newcomer must be heavier by this factor. */
#define PROM_TOP_MARGIN 1.25

/* Spare victims beyond those that have to go, in case one of them cannot. */
#define PROM_TOP_SPARE       64
#define PROM_TOP_CHANGES_MAX 4096 /* of a metric in one cut */
/* Series that end need their numbers as long as pages show them. */
#define PROM_TOP_NUMBERS(limit) (4 * (limit) + 1024)

struct prom_top {
    uint32_t limit; /* N; 0: all series are shown, and nothing else here is used */
    double half_life_ms;
    /* Workers read these. They are written while all workers stand still. */
    uint64_t *permits; /* fingerprints, in order */
    size_t permit_count;
    _Atomic uint32_t open; /* places that anybody may take */
    /* Only the checkpoint's thread uses the rest. */
    struct prom_summary *aside; /* by worker: what it weighed until the cut */
    unsigned worker_count;
    struct prom_summary rest; /* weights of what has no series */
    double *weights;          /* by series, including 'other' */
    uint64_t *weighed;        /* by series: the value whose growth is in the weight; it may have been of a void cut */
    uint8_t *states;
    size_t known;
    int64_t weighed_ms;              /* when weights were computed; 0: never */
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

/* limit and half_life_ms are set already. 0, or -1 without memory. The caller frees in both cases. */
int prom_top_init(struct prom_top *top);
void prom_top_fini(struct prom_top *top);
void prom_top_add_metrics(struct prom_store *store, struct prom_family *family);

/* Call before a worker begins: makes room for what it weighs. 0, or -1 without memory. */
int prom_top_add_worker(struct prom_top *top, unsigned worker_count, struct prom_summary *own);

/* ---- workers (top_key.c) */

/* The fingerprint of a record equals that of the key that the record would have. It is never 0. */
uint64_t prom_top_fingerprint(const struct prom_family *family, const struct fx_value *row);
uint64_t prom_top_key_fingerprint(const struct prom_registry *registry, const uint64_t *key);
/* Whether top lets the series begin. prom_top_may_begin takes one of the open places if there is no permit. */
bool prom_top_may_begin(const struct prom_top *top, uint64_t fingerprint);
bool prom_top_has_permit(const struct prom_top *top, uint64_t fingerprint);

/* ---- the checkpoint's thread */

/*
 * Before a cut, prom_top_choose chooses those that could go, ahead of the idle ones. In the cut, after they have
 * gone, prom_top_cut gives the permits.
 */
void prom_top_choose(const struct prom_store *store, struct prom_family *family);
void prom_top_cut(struct prom_store *store, unsigned family);
/*
 * In the cut: whether a series has to go. prom_top_take_out notes that this one goes, with its value now and that of
 * the exposed cut.
 */
static inline bool prom_top_is_over(const struct prom_top *top, const struct prom_registry *registry)
{
    return registry->live > top->limit;
}
void prom_top_take_out(struct prom_top *top, uint32_t number, uint64_t now, uint64_t exposed);
/* Whether one more series can be shown. */
bool prom_top_has_line(const struct prom_family *family);
/* In prepare, when the values are those of the page. 0, or -1 without memory. */
int prom_top_prepare(struct prom_store *store, unsigned family);
/*
 * In restore: prom_top_restored treats all existing series as begun long ago. prom_top_restore_weight sets the
 * weight of one. 0, or -1 without memory.
 */
int prom_top_restored(struct prom_store *store);
int prom_top_restore_weight(struct prom_top *top, uint32_t number, double weight);

#endif
