/* The program's own metrics in the text format. The HTTP thread. */
#include "self.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

char *prom_text_reserve(struct prom_text_buffer *buffer, size_t more)
{
    if (buffer->size + more > buffer->capacity) {
        size_t capacity = (buffer->size + more) * 2;
        char *bigger = realloc(buffer->data, capacity);
        if (!bigger)
            return NULL;
        buffer->data = bigger;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void prom_text_add_string(struct prom_text_buffer *buffer, const char *text)
{
    size_t size = strlen(text);
    char *to = prom_text_reserve(buffer, size);
    if (!to)
        return;
    memcpy(to, text, size);
    buffer->size += size;
}

void prom_text_buffer_fini(struct prom_text_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct prom_text_buffer){0};
}

struct printing {
    struct prom_text_buffer *to;
    char last_name[128]; /* HELP and TYPE come once a name */
};

static void print_head(struct printing *printing, const struct fx_sample *sample)
{
    if (strcmp(printing->last_name, sample->name) == 0)
        return;
    snprintf(printing->last_name, sizeof printing->last_name, "%s", sample->name);
    prom_text_add_string(printing->to, "# HELP ");
    prom_text_add_string(printing->to, sample->name);
    prom_text_add_string(printing->to, " ");
    prom_text_add_string(printing->to, sample->help);
    prom_text_add_string(printing->to, "\n# TYPE ");
    prom_text_add_string(printing->to, sample->name);
    prom_text_add_string(printing->to, sample->kind == FX_COUNTER ? " counter\n" : " gauge\n");
}

static void print_labels(struct printing *printing, const struct fx_sample *sample)
{
    for (unsigned i = 0; i < sample->label_count; i++) {
        prom_text_add_string(printing->to, i ? "," : "{");
        prom_text_add_string(printing->to, sample->label_names[i]);
        prom_text_add_string(printing->to, "=\"");
        size_t size = strlen(sample->label_values[i]);
        char *to = prom_text_reserve(printing->to, size * 2);
        if (to)
            printing->to->size += prom_render_escaped(to, sample->label_values[i], size);
        prom_text_add_string(printing->to, "\"");
    }
    if (sample->label_count)
        prom_text_add_string(printing->to, "}");
}

static void print_sample(void *arg, const struct fx_sample *sample)
{
    struct printing *printing = arg;
    char value[64];
    print_head(printing, sample);
    prom_text_add_string(printing->to, sample->name);
    print_labels(printing, sample);
    if (sample->is_double)
        snprintf(value, sizeof value, " %.9g\n", sample->real);
    else
        snprintf(value, sizeof value, " %" PRId64 "\n", sample->integer);
    prom_text_add_string(printing->to, value);
}

void prom_self_print(struct fx_instance *instance, struct prom_text_buffer *to)
{
    struct printing printing = {.to = to};
    fx_metrics_visit(instance, print_sample, &printing);
}
