/* The program's own metrics in both formats. The HTTP thread. */
#include "page/self.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "metric/names.h"
#include "series/render.h"

struct printing {
    struct prom_buffer *to;
    enum prom_format format;
    const struct prom_filter *filter;
    unsigned parts;      /* parts of this name that are wanted */
    char last_name[128]; /* HELP and TYPE come once for each name */
};

static void begin_name(struct printing *printing, const struct fx_sample *sample)
{
    if (strcmp(printing->last_name, sample->name) == 0)
        return;
    snprintf(printing->last_name, sizeof printing->last_name, "%s", sample->name);
    printing->parts =
        prom_filter_parts(printing->filter, sample->name, prom_metric_family_size(sample->name, sample->kind));
    if (printing->parts & ~(unsigned)PROM_PART_CREATED)
        prom_render_head(printing->to, printing->format, sample->name, sample->help, sample->kind);
}

static void print_label(struct printing *printing, unsigned index, const char *name, const char *value)
{
    prom_buffer_puts(printing->to, index ? "," : "{");
    prom_buffer_puts(printing->to, name);
    prom_buffer_puts(printing->to, "=\"");
    prom_render_escaped(printing->to, value, strlen(value));
    prom_buffer_puts(printing->to, "\"");
}

/* Prints the name with its suffix, and the labels. The bound of a bucket is one more label. */
static void print_key(struct printing *printing, const struct fx_sample *sample, const char *suffix, const char *bound)
{
    prom_buffer_puts(printing->to, sample->name);
    prom_buffer_puts(printing->to, suffix);
    for (unsigned i = 0; i < sample->label_count; i++)
        print_label(printing, i, sample->label_names[i], sample->label_values[i]);
    if (bound)
        print_label(printing, sample->label_count, "le", bound);
    if (sample->label_count || bound)
        prom_buffer_puts(printing->to, "}");
}

static void print_integer(struct printing *printing, int64_t integer)
{
    char text[32];
    snprintf(text, sizeof text, " %" PRId64 "\n", integer);
    prom_buffer_puts(printing->to, text);
}

static void print_real(struct printing *printing, double real)
{
    char text[PROM_DOUBLE_MAX];
    prom_number_double(text, real);
    prom_buffer_puts(printing->to, " ");
    prom_buffer_puts(printing->to, text);
    prom_buffer_puts(printing->to, "\n");
}

static void print_histogram(struct printing *printing, const struct fx_sample *sample)
{
    char bound[PROM_DOUBLE_MAX] = "+Inf";
    for (unsigned i = 0; printing->parts & PROM_PART_BUCKET && i <= sample->bound_count; i++) {
        prom_number_bound(bound, i < sample->bound_count ? sample->bounds[i] : HUGE_VAL);
        print_key(printing, sample, "_bucket", bound);
        print_integer(printing, sample->buckets[i]);
    }
    if (printing->parts & PROM_PART_SUM) {
        print_key(printing, sample, "_sum", NULL);
        print_real(printing, sample->real);
    }
    if (printing->parts & PROM_PART_COUNT) {
        print_key(printing, sample, "_count", NULL);
        print_integer(printing, sample->integer);
    }
}

/* OpenMetrics requires _total at the end of each counter's name. */
static const char *missing_suffix(const struct printing *printing, const struct fx_sample *sample)
{
    bool is_missing = printing->format == PROM_OPENMETRICS && sample->kind == FX_COUNTER &&
                      !sample->name[prom_metric_family_size(sample->name, sample->kind)];
    return is_missing ? "_total" : "";
}

static void print_sample(void *arg, const struct fx_sample *sample)
{
    struct printing *printing = arg;
    begin_name(printing, sample);
    if (sample->kind == FX_HISTOGRAM) {
        print_histogram(printing, sample);
        return;
    }
    if (!(printing->parts & PROM_PART_VALUE))
        return;
    print_key(printing, sample, missing_suffix(printing, sample), NULL);
    if (sample->is_double)
        print_real(printing, sample->real);
    else
        print_integer(printing, sample->integer);
}

void prom_self_print(struct fx_instance *instance, enum prom_format format, const struct prom_filter *filter,
                     struct prom_buffer *to)
{
    struct printing printing = {.to = to, .format = format, .filter = filter};
    fx_metrics_visit(instance, print_sample, &printing);
}
