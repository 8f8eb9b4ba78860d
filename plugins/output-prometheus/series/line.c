/* What all lines of a metric have in common. Any thread. */
#include "series/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The text "before NAME after", in memory of its own. */
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
