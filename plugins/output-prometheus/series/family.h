/*
 * The metrics: what each one is, which records it takes, and its series. The main thread makes them in create.
 * Workers call takes and value.
 */
#ifndef OUTPUT_PROMETHEUS_FAMILY_H
#define OUTPUT_PROMETHEUS_FAMILY_H

#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "metric/condition.h"
#include "metric/factor.h"
#include "metric/histogram.h"
#include "metric/shape.h"
#include "options.h"
#include "series/admit.h"
#include "series/expire.h"
#include "series/life.h"
#include "series/print.h"
#include "series/registry.h"
#include "series/rename.h"
#include "series/top.h"

#define PROM_CONDITIONS_MAX 16 /* of a metric's match, and of its unless */

struct prom_store;

struct prom_label {
    const char *name, *path;
    unsigned field;
    bool is_number; /* absent is 0; otherwise a text, and absent is "" */
    bool is_hidden; /* not on the page: its names go into flow_as_info; follows all shown ones */
};

/*
 * A metric. It takes the records that meet all of match, except those that meet all of unless (if there is any). Its
 * value is the sum of the field value, or the number of records; or the last value; or how many records had which
 * value. A series is a set of label values. Labels are in the order of the page.
 */
struct prom_family {
    const char *name, *help;
    enum prom_type type;
    const char *value_path, *scale_path; /* "1"; or NULL */
    unsigned value, scale;               /* fields */
    bool counts_records, is_scaled;
    unsigned match_count, unless_count;
    struct prom_shape shape;
    struct prom_histogram *histogram; /* owned; NULL if the metric is no histogram */
    struct prom_factor factor;
    unsigned label_count, shown_count; /* number of labels; the first shown_count of them are shown */
    struct prom_condition match[PROM_CONDITIONS_MAX], unless[PROM_CONDITIONS_MAX];
    struct prom_label labels[PROM_LABELS_MAX];
    struct prom_lines lines; /* what is the same in all its lines */
    struct prom_registry registry;
    /* Only the checkpoint's thread uses these. */
    struct prom_life life;
    struct prom_admit admit;
    struct prom_rename rename;
    struct prom_expire expire;
    struct prom_top top;
};

/* Makes the metrics from the options, and claims for their fields. The caller frees in both cases. */
int prom_families_init(struct prom_store *store, struct fx_error *err);
void prom_families_fini(struct prom_store *store);
/*
 * Adds the definition of the metric: its name, and a line each for value, conditions and labels. Kept values belong
 * to the metric with the same definition.
 */
void prom_family_define(const struct prom_family *family, struct prom_buffer *to);
#define PROM_DEFINITION_LABEL "\nlabel "

static inline bool prom_conditions_meet(const struct prom_condition *conditions, unsigned count,
                                        const struct fx_value *row)
{
    for (unsigned i = 0; i < count; i++)
        if (!prom_condition_meets(&conditions[i], &row[conditions[i].field]))
            return false;
    return true;
}

static inline bool prom_family_takes(const struct prom_family *family, const struct fx_value *row)
{
    return prom_conditions_meet(family->match, family->match_count, row) &&
           !(family->unless_count && prom_conditions_meet(family->unless, family->unless_count, row));
}

/*
 * The amount that the record adds, or its last value. False: the record has no value. A rate of 0 or an absent rate
 * counts as 1. A product that is too large stays at the largest number. For a scaled histogram, *weight becomes the
 * rate: the number of records that this one stands for. Otherwise *weight is not set.
 */
static inline bool prom_family_value(const struct prom_family *family, const struct fx_value *row, uint64_t *value,
                                     uint64_t *weight)
{
    *value = 1;
    if (!family->counts_records) {
        if (row[family->value].type != FX_UNSIGNED)
            return false;
        *value = row[family->value].u;
    }
    if (family->is_scaled) {
        uint64_t rate = prom_number_of(&row[family->scale]);
        rate = rate ? rate : 1;
        if (family->histogram)
            *weight = rate;
        else if (__builtin_mul_overflow(*value, rate, value))
            *value = UINT64_MAX;
    }
    return true;
}

/* The slot that is shown when the metric is no histogram. */
static inline unsigned prom_family_slot(const struct prom_family *family)
{
    return family->shape.is_last ? PROM_SLOT_LAST : PROM_SLOT_FIRST;
}

/* Each series has one line, and its number is printed as it was counted. */
static inline bool prom_family_is_plain(const struct prom_family *family)
{
    return !family->histogram && prom_factor_is_one(&family->factor);
}

static inline enum fx_metric_kind prom_family_kind(const struct prom_family *family)
{
    static const enum fx_metric_kind kinds[] = {FX_COUNTER, FX_GAUGE, FX_HISTOGRAM}; /* enum prom_type */
    return kinds[family->type];
}

#endif
