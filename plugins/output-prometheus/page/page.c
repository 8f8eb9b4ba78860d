/*
 * A page: the flow metrics of one committed cut, then the program's own metrics. Lines are written straight into the
 * caller's buffer. Only a line that does not fit into the rest of that buffer goes through the page's own buffer.
 */
#include "page/page.h"

#include <stdlib.h>
#include <string.h>

#include "series/info.h"
#include "metric/names.h"
#include "series/render.h"
#include "page/self.h"

/* A time of creation: seconds and milliseconds. */
#define CREATED_DIGITS 4

struct prom_page {
    struct prom_store *store;
    struct prom_snapshot *snapshot;
    enum prom_format format;
    const struct prom_filter *filter;
    unsigned family;
    unsigned parts;           /* parts of this family that are shown */
    struct prom_line created; /* for this family, if its times of creation are shown */
    size_t series;            /* the next to print */
    bool head_printed;        /* of this family */
    struct prom_buffer rest;  /* lines that did not fit */
    size_t rest_at;
    struct prom_buffer own; /* the program's own metrics, for the end */
    size_t own_at;
};

/* The line of a time of creation has the family's name with a suffix of its own. */
static void begin_created(struct prom_page *page, const struct prom_family *family)
{
    struct prom_buffer name = {0};
    const char *labels[PROM_LABELS_MAX];
    for (unsigned i = 0; i < family->shown_count; i++)
        labels[i] = family->labels[i].name;
    prom_buffer_add(&name, family->name, prom_metric_family_size(family->name, prom_family_kind(family)));
    prom_buffer_add(&name, "_created", sizeof "_created");
    if (name.failed || prom_line_init(&page->created, name.data, labels, family->shown_count, PROM_LINE_WHOLE))
        page->rest.failed = true;
    prom_buffer_fini(&name);
}

/* Finds the parts of the family that exist and are wanted. */
static void begin_family(struct prom_page *page)
{
    page->series = 0;
    page->head_printed = false;
    page->parts = 0;
    prom_line_fini(&page->created);
    if (page->family == page->store->family_count)
        return;
    const struct prom_family *family = &page->store->families[page->family];
    enum fx_metric_kind kind = prom_family_kind(family);
    bool has_created = page->format == PROM_OPENMETRICS && page->store->options->created && kind != FX_GAUGE;
    unsigned parts = has_created ? PROM_PART_CREATED : 0;
    parts |= family->histogram ? PROM_PART_BUCKET | PROM_PART_SUM | PROM_PART_COUNT : PROM_PART_VALUE;
    page->parts = parts & prom_filter_parts(page->filter, family->name, prom_metric_family_size(family->name, kind));
    if (page->parts & PROM_PART_CREATED)
        begin_created(page, family);
}

struct prom_page *prom_page_new(struct prom_store *store, enum prom_format format, const struct prom_filter *filter)
{
    struct prom_page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->store = store;
    page->format = format;
    page->filter = filter;
    page->snapshot = prom_snapshot_get(store);
    if (store->options->as_info)
        prom_info_print(&store->info, format, filter, &page->own);
    prom_self_print(store->instance, format, filter, &page->own);
    if (format == PROM_OPENMETRICS)
        prom_buffer_puts(&page->own, "# EOF\n");
    begin_family(page);
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
    prom_line_fini(&page->created);
    prom_buffer_fini(&page->rest);
    prom_buffer_fini(&page->own);
    free(page);
}

uint64_t prom_page_cut(const struct prom_page *page)
{
    return page->snapshot->number;
}

/* The room that the lines of a series can take. */
static size_t lines_max(const struct prom_page *page, const struct prom_family *family, size_t values_size)
{
    size_t size = prom_line_max(&family->lines.value, values_size);
    return page->created.fixed_size ? size + prom_line_max(&page->created, values_size) + CREATED_DIGITS : size;
}

static char *put_created(char *to, const struct prom_page *page, const char *values, uint64_t created_ms)
{
    unsigned ms = (unsigned)(created_ms % 1000);
    to = prom_line_put(to, &page->created, values, created_ms / 1000) - 1;
    *to++ = '.';
    *to++ = (char)('0' + ms / 100);
    *to++ = (char)('0' + ms / 10 % 10);
    *to++ = (char)('0' + ms % 10);
    *to++ = '\n';
    return to;
}

/* Writes a plain metric's lines, in most cases one. Gives where they end. */
static inline char *put_lines(char *to, const struct prom_page *page, const struct prom_family *family,
                              const char *values, size_t number, uint64_t value)
{
    if (page->parts & PROM_PART_VALUE)
        to = prom_line_put(to, &family->lines.value, values, value);
    if (__builtin_expect(page->parts & PROM_PART_CREATED, 0))
        to = put_created(to, page, values, prom_series_created(&family->registry, (uint32_t)number));
    return to;
}

static void put_head(struct prom_page *page, const struct prom_family *family)
{
    if (!page->head_printed)
        prom_render_head(&page->rest, page->format, family->name, family->help, prom_family_kind(family));
    page->head_printed = true;
}

static void put_created_aside(struct prom_page *page, const struct prom_family *family, const char *values, size_t size,
                              size_t number)
{
    char *to = prom_buffer_reserve(&page->rest, prom_line_max(&page->created, size) + CREATED_DIGITS);
    uint64_t created_ms = prom_series_created(&family->registry, (uint32_t)number);
    if (to)
        page->rest.size = (size_t)(put_created(to, page, values, created_ms) - page->rest.data);
}

/* For lines that may not fit, for metrics that are not plain, and for lines that the head of their family precedes. */
static void put_aside(struct prom_page *page, const struct prom_family *family, const char *values, size_t size,
                      size_t number, const uint64_t *counted)
{
    put_head(page, family);
    prom_lines_print(&family->lines, family, page->parts, values, size, counted, &page->rest);
    if (page->parts & PROM_PART_CREATED)
        put_created_aside(page, family, values, size, number);
}

/* Prints series until the room is used up. A family without a series to show has no head. Gives the bytes written. */
static size_t print_series(struct prom_page *page, char *to, size_t size)
{
    const struct prom_family *family = &page->store->families[page->family];
    const struct prom_values *sums = &page->snapshot->families[page->family];
    size_t slots = family->shape.slots, slot = prom_family_slot(family);
    bool is_plain = prom_family_is_plain(family);
    char *at = to;
    while (page->series < sums->count && page->rest.size == 0 && !page->rest.failed) {
        size_t number = page->series++;
        const uint64_t *counted = &sums->values[number * slots];
        if (!counted[PROM_SLOT_FIRST])
            continue;
        const struct prom_series *series = prom_series_at(&family->registry, (uint32_t)number);
        const char *values = prom_standing_text_in(&series->standing, page->snapshot->number);
        if (!values)
            continue;
        if (is_plain && page->head_printed &&
            lines_max(page, family, series->standing.text_size) <= size - (size_t)(at - to))
            at = put_lines(at, page, family, values, number, counted[slot]);
        else
            put_aside(page, family, values, series->standing.text_size, number, counted);
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

/* After its series comes the metric's sum of ended series. */
static void next_family(struct prom_page *page)
{
    const struct prom_family *family = &page->store->families[page->family];
    const struct prom_values *sums = &page->snapshot->families[page->family];
    if (page->parts & ~(unsigned)PROM_PART_CREATED && prom_expire_has_line(sums)) {
        put_head(page, family);
        prom_expire_print(family, sums, page->parts, &page->rest);
    }
    page->family++;
    begin_family(page);
}

ssize_t prom_page_read(struct prom_page *page, char *to, size_t size)
{
    size_t used = 0;
    while (used < size && !page->rest.failed) {
        if (page->rest.size)
            used += give_rest(page, to + used, size - used);
        else if (page->family == page->store->family_count)
            break;
        else if (page->parts && page->series < page->snapshot->families[page->family].count)
            used += print_series(page, to + used, size - used);
        else
            next_family(page);
    }
    if (page->rest.failed)
        return -1;
    return (ssize_t)(used + give(&page->own, &page->own_at, to + used, size - used));
}
