/* Label texts and numbers. The checkpoint's owner renders labels, once a series; pages render numbers. Any thread. */
#include "render.h"

#include <string.h>

size_t prom_render_number(char *to, uint64_t number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[PROM_NUMBER_MAX];
    char *at = digits + sizeof digits;
    while (number >= 100) {
        at -= 2;
        memcpy(at, &pairs[number % 100 * 2], 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(at, &pairs[number * 2], 2);
    } else {
        *--at = (char)('0' + number);
    }
    size_t size = (size_t)(digits + sizeof digits - at);
    memcpy(to, at, size);
    return size;
}

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
        size = prom_render_number(buffer, key[index]);
        prom_buffer_add(to, buffer, size);
    } else if (cell) {
        fx_cell_read(cell, buffer, &size);
        prom_render_escaped(to, buffer, size);
    } else {
        const struct prom_text *text = prom_intern_text(&output->texts, (uint32_t)key[index]);
        prom_render_escaped(to, text->data, text->size);
    }
}

void prom_render_labels(const struct prom_output *output, const struct prom_family *family, uint32_t number,
                        struct prom_buffer *to)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    for (unsigned i = 0; i < family->label_count; i++) {
        prom_buffer_puts(to, i ? "," : "{");
        prom_buffer_puts(to, family->labels[i].name);
        prom_buffer_puts(to, "=\"");
        if (number == PROM_OTHER_SERIES)
            prom_buffer_puts(to, "other");
        else
            add_value(output, family, series->key, i, to);
        prom_buffer_puts(to, "\"");
    }
    if (family->label_count)
        prom_buffer_puts(to, "}");
}
