/* What all lines of a metric have in common, and numbers. Any thread. */
#include "series/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* before NAME after, in memory of its own. */
static int set_part(struct prom_line *line, unsigned index, const char *before, const char *name, const char *after)
{
    size_t size = strlen(before) + strlen(name) + strlen(after);
    char *text = calloc(1, size + PROM_LINE_STEP + 1);
    if (!text)
        return -1;
    snprintf(text, size + 1, "%s%s%s", before, name, after);
    line->parts[index].text = text;
    line->parts[index].size = (uint32_t)size;
    line->fixed_size += size;
    return 0;
}

/* The first part has the metric's name before its label. */
static int set_first(struct prom_line *line, const char *name, const char *label)
{
    size_t size = strlen(name) + 2;
    char *before = malloc(size);
    if (!before)
        return -1;
    snprintf(before, size, "%s{", name);
    int rc = set_part(line, 0, before, label, "=\"");
    free(before);
    return rc;
}

int prom_line_init(struct prom_line *line, const char *name, const char *const *labels, unsigned label_count,
                   enum prom_line_end end)
{
    bool is_bucket = end == PROM_LINE_BUCKET;
    *line = (struct prom_line){.label_count = label_count};
    if (label_count == 0)
        return set_part(line, 0, name, is_bucket ? "{le=\"" : " ", "");
    int rc = set_first(line, name, labels[0]);
    for (unsigned i = 1; i < label_count && rc == 0; i++)
        rc = set_part(line, i, "\",", labels[i], "=\"");
    return rc ? rc : set_part(line, label_count, is_bucket ? "\",le=\"" : "\"} ", "", "");
}

void prom_line_fini(struct prom_line *line)
{
    for (unsigned i = 0; i <= PROM_LABELS_MAX + 1; i++)
        free((char *)(uintptr_t)line->parts[i].text);
    *line = (struct prom_line){0};
}

static unsigned digits_of(uint64_t number)
{
    static const uint64_t powers[] = {0,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      UINT64_C(10000000000000000000)};
    /* 1233/4096 is a little more than log10(2). */
    unsigned guess = (64U - (unsigned)__builtin_clzll(number | 1)) * 1233 >> 12;
    return guess + (number >= powers[guess]);
}

size_t prom_line_number(char *to, uint64_t number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    unsigned digits = digits_of(number);
    char *at = to + digits;
    while (number >= 100) {
        at -= 2;
        memcpy(at, &pairs[number % 100 * 2], 2);
        number /= 100;
    }
    if (number >= 10)
        memcpy(to, &pairs[number * 2], 2);
    else
        *to = (char)('0' + number);
    return digits;
}
