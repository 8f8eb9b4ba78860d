/*
 * A page: flow metrics of one committed cut, then the program's own. Lines are
 * put straight into the caller's buffer; only one that does not fit into what
 * is left goes by way of a buffer of the page's.
 */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "self.h"

struct prom_page {
    struct prom_output *output;
    struct prom_snapshot *snapshot;
    unsigned family;
    size_t series;                /* the next to print */
    bool head_printed;            /* of this family */
    struct prom_text_buffer rest; /* a line that did not fit, and at the end the program's own metrics */
    size_t rest_at;
    bool own_printed;
};

struct prom_page *prom_page_new(struct prom_output *output)
{
    struct prom_page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->output = output;
    page->snapshot = prom_snapshot_get(output);
    return page;
}

void prom_page_free(struct prom_page *page)
{
    if (!page)
        return;
    prom_snapshot_unref(page->snapshot);
    prom_text_buffer_fini(&page->rest);
    free(page);
}

/* The label text of a series that this cut shows, or NULL. Admitted later than the cut is not shown with it. */
static const char *shown_text(const struct prom_page *page, const struct prom_series *series)
{
    const char *text = atomic_load_explicit(&series->text, memory_order_acquire);
    return text && series->admitted <= (uint32_t)page->snapshot->number ? text : NULL;
}

static void add_head(struct prom_text_buffer *to, const struct prom_family *family)
{
    prom_text_add_string(to, "# HELP ");
    prom_text_add_string(to, family->name);
    prom_text_add_string(to, " ");
    prom_text_add_string(to, family->help);
    prom_text_add_string(to, "\n# TYPE ");
    prom_text_add_string(to, family->name);
    prom_text_add_string(to, " counter\n");
}

static size_t put_line(char *to, const char *name, size_t name_size, const char *labels, size_t labels_size,
                       uint64_t value)
{
    char *at = to;
    memcpy(at, name, name_size);
    at += name_size;
    memcpy(at, labels, labels_size);
    at += labels_size;
    *at++ = ' ';
    at += prom_render_number(at, value);
    *at++ = '\n';
    return (size_t)(at - to);
}

/* One series; the head goes before the first. Gives the bytes put to `to`; what does not fit goes to the rest. */
static size_t print_series(struct prom_page *page, char *to, size_t size)
{
    const struct prom_family *family = &page->output->families[page->family];
    size_t number = page->series++;
    uint64_t value = page->snapshot->values[page->family] ? page->snapshot->values[page->family][number] : 0;
    const struct prom_series *series = prom_series_at(&family->registry, (uint32_t)number);
    const char *labels = value ? shown_text(page, series) : NULL;
    if (!labels)
        return 0;
    size_t name_size = strlen(family->name), line_max = name_size + series->text_size + PROM_NUMBER_MAX + 2;
    if (page->head_printed && line_max <= size)
        return put_line(to, family->name, name_size, labels, series->text_size, value);
    if (!page->head_printed)
        add_head(&page->rest, family);
    page->head_printed = true;
    char *line = prom_text_reserve(&page->rest, line_max);
    if (line)
        page->rest.size += put_line(line, family->name, name_size, labels, series->text_size, value);
    return 0;
}

static size_t give_rest(struct prom_page *page, char *to, size_t size)
{
    size_t left = page->rest.size - page->rest_at;
    size_t given = left < size ? left : size;
    memcpy(to, page->rest.data + page->rest_at, given);
    page->rest_at += given;
    if (page->rest_at == page->rest.size)
        page->rest.size = page->rest_at = 0;
    return given;
}

static void next_part(struct prom_page *page)
{
    if (page->family < PROM_FAMILIES) {
        page->family++;
        page->series = 0;
        page->head_printed = false;
    } else if (!page->own_printed) {
        prom_self_print(page->output->instance, &page->rest);
        page->own_printed = true;
    }
}

static bool is_over(const struct prom_page *page)
{
    return page->own_printed && page->rest.size == 0;
}

size_t prom_page_read(struct prom_page *page, char *to, size_t size)
{
    size_t used = 0;
    while (used < size && !is_over(page)) {
        if (page->rest.size)
            used += give_rest(page, to + used, size - used);
        else if (page->family < PROM_FAMILIES && page->series < page->snapshot->count[page->family])
            used += print_series(page, to + used, size - used);
        else
            next_part(page);
    }
    return used;
}
