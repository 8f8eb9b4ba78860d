/*
 * Lines of a page. Some parts are the same in all lines of a metric. Between them stand the values of one series'
 * labels, as they were rendered once and for ever. A value's text has the size of each label first (two bytes each),
 * then the escaped texts one behind the other. Any thread.
 */
#ifndef OUTPUT_PROMETHEUS_LINE_H
#define OUTPUT_PROMETHEUS_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/number.h"

#define PROM_LABELS_MAX 8 /* of a series; a line may have one more */

/*
 * Texts are copied this many bytes at a time. So behind source and target there must be room for the bytes copied in
 * excess. The excess bytes may be another text that the checkpoint's thread is writing: none of them is ever in a
 * page.
 */
#define PROM_LINE_STEP PROM_ARENA_SLACK

struct prom_line {
    unsigned label_count;
    size_t fixed_size; /* of all parts */
    struct prom_line_part {
        const char *text; /* owned; with PROM_LINE_STEP bytes behind it */
        uint32_t size;
    } parts[PROM_LABELS_MAX + 2]; /* before each label's value, and behind the last */
};

/*
 * What follows the last label. WHOLE: the number. BUCKET: the label le, of which the caller puts the value, then a
 * quote, a brace and a blank.
 */
enum prom_line_end { PROM_LINE_WHOLE, PROM_LINE_BUCKET };

/* 0, or -1 without memory. The caller frees in both cases. */
int prom_line_init(struct prom_line *line, const char *name, const char *const *labels, unsigned label_count,
                   enum prom_line_end end);
void prom_line_fini(struct prom_line *line);

/* The most room that a line can take, with the bytes copied in excess. */
static inline size_t prom_line_max(const struct prom_line *line, size_t values_size)
{
    return line->fixed_size + values_size + PROM_NUMBER_MAX + 1 + PROM_LINE_STEP;
}

static inline char *prom_line_copy(char *to, const char *text, size_t size)
{
    memcpy(to, text, PROM_LINE_STEP);
    if (__builtin_expect(size > PROM_LINE_STEP, 0))
        memcpy(to + PROM_LINE_STEP, text + PROM_LINE_STEP, size - PROM_LINE_STEP);
    return to + size;
}

/*
 * Writes a line up to its number. PROM_LINE_STEP bytes behind the values must be readable. Gives where the line
 * ends.
 */
static inline char *prom_line_put_labels(char *to, const struct prom_line *line, const char *values)
{
    const char *text = values + line->label_count * sizeof(uint16_t);
    for (unsigned i = 0; i < line->label_count; i++) {
        uint16_t size;
        memcpy(&size, values + i * sizeof size, sizeof size);
        to = prom_line_copy(to, line->parts[i].text, line->parts[i].size);
        to = prom_line_copy(to, text, size);
        text += size;
    }
    return prom_line_copy(to, line->parts[line->label_count].text, line->parts[line->label_count].size);
}

static inline char *prom_line_put(char *to, const struct prom_line *line, const char *values, uint64_t number)
{
    to = prom_line_put_labels(to, line, values);
    to += prom_number_whole(to, number);
    *to++ = '\n';
    return to;
}

#endif
