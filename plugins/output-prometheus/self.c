/* The program's own metrics in the text format. The HTTP thread. */
#include "self.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "render.h"

struct printing {
    struct prom_buffer *to;
    char last_name[128]; /* HELP and TYPE come once a name */
};

static const char *kind_name(enum fx_metric_kind kind)
{
    switch (kind) {
    case FX_COUNTER:
        return "counter";
    case FX_HISTOGRAM:
        return "histogram";
    case FX_GAUGE:
        break;
    }
    return "gauge";
}

static void print_head(struct printing *printing, const struct fx_sample *sample)
{
    if (strcmp(printing->last_name, sample->name) == 0)
        return;
    snprintf(printing->last_name, sizeof printing->last_name, "%s", sample->name);
    prom_render_head(printing->to, sample->name, sample->help, kind_name(sample->kind));
}

static void print_label(struct printing *printing, unsigned index, const char *name, const char *value)
{
    prom_buffer_puts(printing->to, index ? "," : "{");
    prom_buffer_puts(printing->to, name);
    prom_buffer_puts(printing->to, "=\"");
    prom_render_escaped(printing->to, value, strlen(value));
    prom_buffer_puts(printing->to, "\"");
}

/* The name with its suffix, and the labels; the bound of a bucket is one more. */
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
    char text[64];
    snprintf(text, sizeof text, " %.15g\n", real);
    prom_buffer_puts(printing->to, text);
}

static void print_histogram(struct printing *printing, const struct fx_sample *sample)
{
    char bound[32];
    for (unsigned i = 0; i <= sample->bound_count; i++) {
        if (i < sample->bound_count)
            snprintf(bound, sizeof bound, "%.15g", sample->bounds[i]);
        print_key(printing, sample, "_bucket", i < sample->bound_count ? bound : "+Inf");
        print_integer(printing, sample->buckets[i]);
    }
    print_key(printing, sample, "_sum", NULL);
    print_real(printing, sample->real);
    print_key(printing, sample, "_count", NULL);
    print_integer(printing, sample->integer);
}

static void print_sample(void *arg, const struct fx_sample *sample)
{
    struct printing *printing = arg;
    print_head(printing, sample);
    if (sample->kind == FX_HISTOGRAM) {
        print_histogram(printing, sample);
        return;
    }
    print_key(printing, sample, "", NULL);
    if (sample->is_double)
        print_real(printing, sample->real);
    else
        print_integer(printing, sample->integer);
}

void prom_self_print(struct fx_instance *instance, struct prom_buffer *to)
{
    struct printing printing = {.to = to};
    fx_metrics_visit(instance, print_sample, &printing);
}
