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

static void print_head(struct printing *printing, const struct fx_sample *sample)
{
    if (strcmp(printing->last_name, sample->name) == 0)
        return;
    snprintf(printing->last_name, sizeof printing->last_name, "%s", sample->name);
    prom_render_head(printing->to, sample->name, sample->help, sample->kind == FX_COUNTER ? "counter" : "gauge");
}

static void print_labels(struct printing *printing, const struct fx_sample *sample)
{
    for (unsigned i = 0; i < sample->label_count; i++) {
        prom_buffer_puts(printing->to, i ? "," : "{");
        prom_buffer_puts(printing->to, sample->label_names[i]);
        prom_buffer_puts(printing->to, "=\"");
        prom_render_escaped(printing->to, sample->label_values[i], strlen(sample->label_values[i]));
        prom_buffer_puts(printing->to, "\"");
    }
    if (sample->label_count)
        prom_buffer_puts(printing->to, "}");
}

static void print_sample(void *arg, const struct fx_sample *sample)
{
    struct printing *printing = arg;
    char value[64];
    print_head(printing, sample);
    prom_buffer_puts(printing->to, sample->name);
    print_labels(printing, sample);
    if (sample->is_double)
        snprintf(value, sizeof value, " %.15g\n", sample->real);
    else
        snprintf(value, sizeof value, " %" PRId64 "\n", sample->integer);
    prom_buffer_puts(printing->to, value);
}

void prom_self_print(struct fx_instance *instance, struct prom_buffer *to)
{
    struct printing printing = {.to = to};
    fx_metrics_visit(instance, print_sample, &printing);
}
