/* Bounds of buckets, from texts. Main thread. */
#include "metric/histogram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/error.h>

/* 64, 256, 1024 … 268435456: bytes of a packet, of a flow. */
#define USUAL_FIRST 64
#define USUAL_STEP  4
#define USUAL_COUNT 12

static void add_bound(struct prom_histogram *histogram, const struct prom_factor *factor, double bound)
{
    histogram->most[histogram->count] = prom_factor_most(factor, bound);
    prom_number_bound(histogram->bounds[histogram->count], bound);
    histogram->count++;
}

static void add_usual(struct prom_histogram *histogram, const struct prom_factor *factor)
{
    double bound = USUAL_FIRST;
    for (unsigned i = 0; i < USUAL_COUNT; i++, bound *= USUAL_STEP)
        add_bound(histogram, factor, bound);
}

/* Reads a decimal; rejects the other forms that strtod would take. */
static bool read_bound(const char *text, double *bound)
{
    char *end;
    *bound = strtod(text, &end) + 0.0; /* turns -0 into 0 */
    return *text && !*end && text[strspn(text, "0123456789.eE+-")] == '\0' && isfinite(*bound);
}

static const char *add_texts(struct prom_histogram *histogram, const struct prom_factor *factor,
                             const struct fx_list *bounds, char why[PROM_HISTOGRAM_WHY_MAX])
{
    double bound, last = -1;
    for (size_t i = 0; i < bounds->count; i++, last = bound) {
        const char *text = bounds->items[i], *fault = NULL;
        if (!read_bound(text, &bound))
            fault = "is not a bucket's bound: a bound is a number, and the bucket above the last one is always there";
        else if (bound < 0)
            fault = "is below 0, which no value ever is; begin with 0 or more";
        else if (bound <= last)
            fault = "is not above the bound before it; write each bound once, in ascending order";
        if (fault) {
            snprintf(why, PROM_HISTOGRAM_WHY_MAX, "%s", fault);
            return text;
        }
        add_bound(histogram, factor, bound);
    }
    return NULL;
}

int prom_histogram_new(const struct fx_list *bounds, const struct prom_factor *factor,
                       struct prom_histogram **histogram, char why[PROM_HISTOGRAM_WHY_MAX], const char **wrong)
{
    struct prom_histogram *made = *histogram = calloc(1, sizeof *made);
    *wrong = NULL;
    if (!made)
        return FX_ENOMEM;
    if (bounds->count)
        *wrong = add_texts(made, factor, bounds, why);
    else
        add_usual(made, factor);
    return *wrong ? FX_EINVAL : 0;
}

void prom_histogram_define(const struct prom_histogram *histogram, struct prom_buffer *to)
{
    for (unsigned i = 0; i < histogram->count; i++) {
        prom_buffer_puts(to, i ? "," : "\nbuckets ");
        prom_buffer_puts(to, histogram->bounds[i]);
    }
}
