/*
 * A page: flow metrics of one committed cut, then the program's own. Lines are
 * put straight into the caller's buffer; only one that does not fit into what
 * is left goes by way of the page's own.
 */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "render.h"
#include "self.h"

struct prom_page {
    struct prom_output *output;
    struct prom_snapshot *snapshot;
    unsigned family;
    size_t series;           /* the next to print */
    bool head_printed;       /* of this family */
    struct prom_buffer rest; /* what did not fit */
    size_t rest_at;
    struct prom_buffer own; /* the program's own metrics, for the end */
    size_t own_at;
};

struct prom_page *prom_page_new(struct prom_output *output)
{
    struct prom_page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->output = output;
    page->snapshot = prom_snapshot_get(output);
    if (output->options->as_info)
        prom_info_print(&output->info, &page->own);
    prom_self_print(output->instance, &page->own);
    if (!page->own.failed)
        return page;
    prom_page_free(page);
    return NULL;
}

void prom_page_free(struct prom_page *page)
{
    if (!page)
        return;
    prom_snapshot_unref(page->snapshot);
    prom_buffer_fini(&page->rest);
    prom_buffer_fini(&page->own);
    free(page);
}

/* The label values of a series that this cut shows, or NULL: what was admitted later is not shown with it. */
static const char *shown_values(const struct prom_page *page, const struct prom_series *series)
{
    const char *text = atomic_load_explicit(&series->text, memory_order_acquire);
    return text && series->since <= (uint32_t)page->snapshot->number ? text : NULL;
}

/* A line that may not fit, or that the head of its family goes before. */
static void put_aside(struct prom_page *page, const struct prom_family *family, const char *values, size_t size,
                      uint64_t number)
{
    if (!page->head_printed)
        prom_render_head(&page->rest, family->name, family->help, "counter");
    page->head_printed = true;
    char *to = prom_buffer_reserve(&page->rest, prom_line_max(&family->line, size));
    if (to)
        page->rest.size = (size_t)(prom_line_put(to, &family->line, values, number) - page->rest.data);
}

/* Series until the room is used up. A family without a series to show has no head. Gives the bytes put. */
static size_t print_series(struct prom_page *page, char *to, size_t size)
{
    const struct prom_family *family = &page->output->families[page->family];
    const struct prom_values *sums = &page->snapshot->families[page->family];
    char *at = to;
    while (page->series < sums->count && page->rest.size == 0 && !page->rest.failed) {
        size_t number = page->series++;
        if (!sums->values[number])
            continue;
        const struct prom_series *series = prom_series_at(&family->registry, (uint32_t)number);
        const char *values = shown_values(page, series);
        if (!values)
            continue;
        if (page->head_printed && prom_line_max(&family->line, series->text_size) <= size - (size_t)(at - to))
            at = prom_line_put(at, &family->line, values, sums->values[number]);
        else
            put_aside(page, family, values, series->text_size, sums->values[number]);
    }
    return (size_t)(at - to);
}

static size_t give(const struct prom_buffer *from, size_t *at, char *to, size_t size)
{
    size_t left = from->size - *at;
    size_t given = left < size ? left : size;
    if (given)
        memcpy(to, from->data + *at, given);
    *at += given;
    return given;
}

static size_t give_rest(struct prom_page *page, char *to, size_t size)
{
    size_t given = give(&page->rest, &page->rest_at, to, size);
    if (page->rest_at == page->rest.size)
        page->rest.size = page->rest_at = 0;
    return given;
}

/* Behind its series the metric's sum of those that have ended. */
static void next_family(struct prom_page *page)
{
    const struct prom_family *family = &page->output->families[page->family];
    const struct prom_values *sums = &page->snapshot->families[page->family];
    if (prom_expire_has_line(sums)) {
        if (!page->head_printed)
            prom_render_head(&page->rest, family->name, family->help, "counter");
        prom_expire_print(family, sums, &page->rest);
    }
    page->family++;
    page->series = 0;
    page->head_printed = false;
}

ssize_t prom_page_read(struct prom_page *page, char *to, size_t size)
{
    size_t used = 0;
    while (used < size && !page->rest.failed) {
        if (page->rest.size)
            used += give_rest(page, to + used, size - used);
        else if (page->family == page->output->family_count)
            break;
        else if (page->series < page->snapshot->families[page->family].count)
            used += print_series(page, to + used, size - used);
        else
            next_family(page);
    }
    if (page->rest.failed)
        return -1;
    return (ssize_t)(used + give(&page->own, &page->own_at, to + used, size - used));
}
