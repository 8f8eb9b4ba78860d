/* Label values, once a series; heads. The checkpoint's owner and pages. */
#include "render.h"

#include <string.h>

void prom_render_escaped(struct prom_buffer *to, const char *text, size_t size)
{
    char *start = prom_buffer_reserve(to, size * 2);
    if (!start)
        return;
    char *at = start;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\\' || c == '"' || c == '\n')
            *at++ = '\\';
        *at++ = c == '\n' ? 'n' : c;
    }
    to->size += (size_t)(at - start);
}

/* Of a help text, backslash and newline; a quote stands as it is. */
static void add_help(struct prom_buffer *to, const char *help)
{
    for (; *help; help++) {
        if (*help == '\\' || *help == '\n')
            prom_buffer_puts(to, *help == '\n' ? "\\n" : "\\\\");
        else
            prom_buffer_add(to, help, 1);
    }
}

void prom_render_head(struct prom_buffer *to, const char *name, const char *help, const char *type)
{
    prom_buffer_puts(to, "# HELP ");
    prom_buffer_puts(to, name);
    prom_buffer_puts(to, " ");
    add_help(to, help);
    prom_buffer_puts(to, "\n# TYPE ");
    prom_buffer_puts(to, name);
    prom_buffer_puts(to, " ");
    prom_buffer_puts(to, type);
    prom_buffer_puts(to, "\n");
}

static void add_value(const struct prom_output *output, const struct prom_family *family, const uint64_t *key,
                      unsigned index, struct prom_buffer *to)
{
    char buffer[FX_CELL_TEXT_MAX];
    size_t size;
    const struct fx_cell *cell = prom_key_cell(&family->registry, key, index);
    if (family->labels[index].is_number) {
        size = prom_line_number(buffer, key[index]);
        prom_buffer_add(to, buffer, size);
    } else if (cell) {
        fx_cell_read(cell, buffer, &size);
        prom_render_escaped(to, buffer, size);
    } else if (!prom_key_waits(&family->registry, key,
                               index)) { /* else its name is not known, and was not waited for */
        const struct prom_text *text = prom_intern_text(&output->texts, (uint32_t)key[index]);
        prom_render_escaped(to, text->data, text->size);
    }
}

void prom_render_values(const struct prom_output *output, const struct prom_family *family, uint32_t number,
                        struct prom_buffer *to)
{
    uint64_t key[PROM_LABELS_MAX];
    uint16_t sizes[PROM_LABELS_MAX];
    size_t start = to->size, at = start + family->shown_count * sizeof *sizes;
    if (!prom_buffer_reserve(to, at - start))
        return;
    prom_key_copy(&family->registry, prom_series_at(&family->registry, number)->key, key);
    to->size = at;
    for (unsigned i = 0; i < family->shown_count; i++) {
        if (number == PROM_OTHER_SERIES)
            prom_buffer_puts(to, "other");
        else
            add_value(output, family, key, i, to);
        sizes[i] = (uint16_t)(to->size - at); /* at most twice PROM_TEXT_MAX */
        at = to->size;
    }
    if (prom_buffer_reserve(to, PROM_LINE_STEP))
        memcpy(to->data + start, sizes, family->shown_count * sizeof *sizes);
}
