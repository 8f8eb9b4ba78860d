/* Label values, rendered once for each series; heads. The checkpoint's thread and pages enter this file. */
#include "series/render.h"

#include <string.h>

#include "metric/names.h"
#include "series/store.h"

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

/* A help text: backslash and newline are escaped; OpenMetrics also escapes quotes. */
static void add_help(struct prom_buffer *to, const char *help, enum prom_format format)
{
    for (; *help; help++) {
        if (*help == '\n')
            prom_buffer_puts(to, "\\n");
        else if (*help == '\\' || (*help == '"' && format == PROM_OPENMETRICS))
            prom_buffer_add(to, (char[]){'\\', *help}, 2);
        else
            prom_buffer_add(to, help, 1);
    }
}

static bool ends_in(const char *text, size_t size, const char *end)
{
    size_t end_size = strlen(end);
    return size > end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

static const char *type_name(const char *name, enum fx_metric_kind kind, enum prom_format format)
{
    if (kind == FX_COUNTER)
        return "counter";
    if (kind == FX_HISTOGRAM)
        return "histogram";
    return format == PROM_OPENMETRICS && prom_metric_is_info(name, kind) ? "info" : "gauge";
}

static void begin_line(struct prom_buffer *to, const char *what, const char *name, size_t size)
{
    prom_buffer_puts(to, "# ");
    prom_buffer_puts(to, what);
    prom_buffer_puts(to, " ");
    prom_buffer_add(to, name, size);
    prom_buffer_puts(to, " ");
}

/* OpenMetrics gives the unit on a line of its own. The unit is the end of the family's name. */
static void add_unit(struct prom_buffer *to, const char *name, size_t size)
{
    static const char *const units[] = {"_seconds", "_bytes"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!ends_in(name, size, units[i]))
            continue;
        begin_line(to, "UNIT", name, size);
        prom_buffer_puts(to, units[i] + 1);
        prom_buffer_puts(to, "\n");
    }
}

void prom_render_head(struct prom_buffer *to, enum prom_format format, const char *name, const char *help,
                      enum fx_metric_kind kind)
{
    size_t size = format == PROM_OPENMETRICS ? prom_metric_family_size(name, kind) : strlen(name);
    begin_line(to, "HELP", name, size);
    add_help(to, help, format);
    prom_buffer_puts(to, "\n");
    begin_line(to, "TYPE", name, size);
    prom_buffer_puts(to, type_name(name, kind, format));
    prom_buffer_puts(to, "\n");
    if (format == PROM_OPENMETRICS)
        add_unit(to, name, size);
}

static void add_value(const struct prom_store *store, const struct prom_family *family, const uint64_t *key,
                      unsigned index, struct prom_buffer *to)
{
    char buffer[FX_CELL_TEXT_MAX];
    size_t size;
    const struct fx_cell *cell = prom_key_cell(&family->registry, key, index);
    if (family->labels[index].is_number) {
        size = prom_number_whole(buffer, key[index]);
        prom_buffer_add(to, buffer, size);
    } else if (cell) {
        fx_cell_read(cell, buffer, &size);
        prom_render_escaped(to, buffer, size);
    } else if (!prom_key_waits(&family->registry, key,
                               index)) { /* otherwise the name is not known and was not waited for */
        const struct prom_text *text = prom_intern_text(&store->texts, (uint32_t)key[index]);
        prom_render_escaped(to, text->data, text->size);
    }
}

void prom_render_values(const struct prom_store *store, const struct prom_family *family, uint32_t number,
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
            add_value(store, family, key, i, to);
        sizes[i] = (uint16_t)(to->size - at); /* at most twice PROM_TEXT_MAX */
        at = to->size;
    }
    if (prom_buffer_reserve(to, PROM_LINE_STEP))
        memcpy(to->data + start, sizes, family->shown_count * sizeof *sizes);
}
