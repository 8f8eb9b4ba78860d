/* Lines of a series. */
#include "series/print.h"

#include <stdio.h>

#include "metric/filter.h"
#include "series/family.h"

static int init_line(struct prom_line *line, const char *name, const char *suffix, const char *const *labels,
                     unsigned label_count, enum prom_line_end end)
{
    struct prom_buffer whole = {0};
    prom_buffer_puts(&whole, name);
    prom_buffer_add(&whole, suffix, strlen(suffix) + 1);
    int rc = whole.failed ? -1 : prom_line_init(line, whole.data, labels, label_count, end);
    prom_buffer_fini(&whole);
    return rc;
}

int prom_lines_init(struct prom_lines *lines, const struct prom_family *family, const char *const *labels,
                    unsigned label_count)
{
    *lines = (struct prom_lines){0};
    if (!family->histogram)
        return prom_line_init(&lines->value, family->name, labels, label_count, PROM_LINE_WHOLE);
    int rc = init_line(&lines->value, family->name, "_sum", labels, label_count, PROM_LINE_WHOLE);
    rc |= init_line(&lines->count, family->name, "_count", labels, label_count, PROM_LINE_WHOLE);
    return rc | init_line(&lines->bucket, family->name, "_bucket", labels, label_count, PROM_LINE_BUCKET);
}

void prom_lines_fini(struct prom_lines *lines)
{
    prom_line_fini(&lines->value);
    prom_line_fini(&lines->bucket);
    prom_line_fini(&lines->count);
}

/* Makes room for a line with the bytes copied in excess. Numbers are products, or a bound and a number. */
static char *reserve(struct prom_buffer *to, const struct prom_line *line, size_t size)
{
    return prom_buffer_reserve(to, prom_line_max(line, size) + PROM_PRODUCT_MAX + PROM_DOUBLE_MAX);
}

static void print_product(const struct prom_line *line, const struct prom_family *family, const char *values,
                          size_t size, uint64_t number, struct prom_buffer *to)
{
    char *at = reserve(to, line, size);
    if (!at)
        return;
    at = prom_line_put_labels(at, line, values);
    at += prom_factor_print(at, &family->factor, number);
    *at++ = '\n';
    to->size = (size_t)(at - to->data);
}

static void print_number(const struct prom_line *line, const char *bound, const char *values, size_t size,
                         uint64_t number, struct prom_buffer *to)
{
    char *at = reserve(to, line, size);
    if (!at)
        return;
    at = prom_line_put_labels(at, line, values);
    if (bound)
        at += sprintf(at, "%s\"} ", bound);
    at += prom_number_whole(at, number);
    *at++ = '\n';
    to->size = (size_t)(at - to->data);
}

/* Each bucket includes those below it; the last one has all. */
static void print_buckets(const struct prom_line *line, const struct prom_histogram *histogram, const char *values,
                          size_t size, const uint64_t *slots, struct prom_buffer *to)
{
    uint64_t below = 0;
    for (unsigned i = 0; i < histogram->count; i++) {
        below = prom_sum(below, slots[PROM_SLOT_BUCKETS + i]);
        print_number(line, histogram->bounds[i], values, size, below, to);
    }
    print_number(line, "+Inf", values, size, slots[PROM_SLOT_COUNT], to);
}

void prom_lines_print(const struct prom_lines *lines, const struct prom_family *family, unsigned parts,
                      const char *values, size_t size, const uint64_t *slots, struct prom_buffer *to)
{
    if (!family->histogram) {
        if (parts & PROM_PART_VALUE)
            print_product(&lines->value, family, values, size, slots[prom_family_slot(family)], to);
        return;
    }
    if (parts & PROM_PART_BUCKET)
        print_buckets(&lines->bucket, family->histogram, values, size, slots, to);
    if (parts & PROM_PART_SUM)
        print_product(&lines->value, family, values, size, slots[PROM_SLOT_SUM], to);
    if (parts & PROM_PART_COUNT)
        print_number(&lines->count, NULL, values, size, slots[PROM_SLOT_COUNT], to);
}
