/*
 * What the live page shows: how fast counters grow, and which label values contribute most. A thread of its own
 * looks at committed cuts, some seconds apart. It keeps the rates of the heaviest values over the last minutes.
 * Records and checkpoints never wait for this.
 */
#ifndef OUTPUT_PROMETHEUS_RATES_H
#define OUTPUT_PROMETHEUS_RATES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>

#include "live/backlog.h"

struct prom_store;
struct prom_family;
struct prom_snapshot;

#define PROM_RATES_POINTS    120    /* at most this many points, */
#define PROM_RATES_WINDOW_MS 600000 /* and none that ended longer ago */
#define PROM_RATES_STEP_MS   5000   /* between two points, or more where cuts are rarer */
#define PROM_RATES_TRACKED   128    /* values of a label whose rates are kept */
#define PROM_RATES_HEAVIEST  64     /* the heaviest of one step are kept from then on */
#define PROM_VIEWS_MAX       8

/* What a view groups by. */
enum prom_by { PROM_BY_SOURCE, PROM_BY_DESTINATION, PROM_BY_ROUTER, PROM_BY_SERIES };
/* What a metric's own conditions say about the direction of its flows. */
enum prom_direction { PROM_DIRECTION_NONE, PROM_DIRECTION_IN, PROM_DIRECTION_OUT };

#define PROM_ENTITY_LABEL 128
#define PROM_ENTITY_NAME  128

/* A value of the label, and its rates by point (a second). NAN: the rate was not kept then. */
struct prom_entity {
    bool is_used;
    uint64_t key;
    /* UTF-8, cut at a character. A text may have NUL in it, so its size counts. */
    char label[PROM_ENTITY_LABEL], name[PROM_ENTITY_NAME];
    size_t label_size, name_size;
    double rates[PROM_RATES_POINTS];
};

/* One metric by one of its labels. */
struct prom_view {
    const struct prom_family *family;
    enum prom_by by;
    enum prom_direction direction;
    int label, name; /* indexes of the family's labels. PROM_BY_SERIES has no label, and there may be no name: -1 */
    size_t count;    /* number of values with a rate in the newest point */
    double totals[PROM_RATES_POINTS];
    struct prom_entity *entities; /* PROM_RATES_TRACKED */
};

struct prom_point {
    uint64_t end_ms; /* wall clock */
    double seconds;
    bool is_backlog; /* most of what the point counts had waited at the source */
};

struct prom_rates {
    struct prom_store *store;
    pthread_mutex_t lock; /* for the views' figures and points, and for messages to the thread */
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running, stops, is_committed; /* a cut was committed since the last look */
    unsigned view_count;
    struct prom_view views[PROM_VIEWS_MAX];
    struct prom_point points[PROM_RATES_POINTS]; /* a ring */
    unsigned newest, point_count;
    /* Only for the thread. */
    struct prom_backlog backlog;
    struct prom_values *before; /* by family: the values at the last step */
    bool has_before;
    int64_t before_ms;
    uint64_t before_wall_ms;
    int64_t cost_ns; /* of the last step; under the lock */
};

/* Main thread. The metrics decide which views there are. 0 or a code with err. The caller frees in both cases. */
int prom_rates_init(struct prom_rates *rates, struct prom_store *store, struct fx_error *err);
void prom_rates_fini(struct prom_rates *rates);
int prom_rates_start(struct prom_rates *rates, struct fx_error *err);
void prom_rates_stop(struct prom_rates *rates);

/* A cut was committed. Called by the checkpoint's thread; returns quickly. */
void prom_rates_committed(struct prom_rates *rates);
/* Looks at the exposed cut. False: it is too young for a step. Called by the thread, or by a test without a thread. */
bool prom_rates_step(struct prom_rates *rates);

/* The place of a point in the arrays, by its age: 0 is the newest. The caller holds the lock. */
static inline unsigned prom_rates_place(const struct prom_rates *rates, unsigned age)
{
    return (rates->newest + PROM_RATES_POINTS - age) % PROM_RATES_POINTS;
}

/* views.c: fills view_count and views, without their memory. */
void prom_views_init(struct prom_rates *rates);
/* The key of a series in a view. The series is in a snapshot that the caller holds. */
uint64_t prom_view_key(const struct prom_view *view, uint32_t number);
/* The label and name of a shown series, as texts. */
void prom_view_describe(const struct prom_view *view, uint32_t number, struct prom_entity *entity);

#endif
