/* Label texts and numbers. The checkpoint's owner renders labels, once a series; pages render numbers. */
#include "render.h"

#include <stdlib.h>
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

size_t prom_render_escaped(char *to, const char *text, size_t size)
{
    char *at = to;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\\' || c == '"' || c == '\n')
            *at++ = '\\';
        *at++ = c == '\n' ? 'n' : c;
    }
    return (size_t)(at - to);
}

/* A text that grows while a series is rendered; the copy that stays is cut to size. */
struct scratch {
    char *data;
    size_t size, capacity;
    bool failed;
};

static char *reserve(struct scratch *scratch, size_t more)
{
    if (scratch->size + more > scratch->capacity) {
        size_t capacity = (scratch->size + more) * 2;
        char *bigger = realloc(scratch->data, capacity);
        scratch->failed = scratch->failed || !bigger;
        if (!bigger)
            return NULL;
        scratch->data = bigger;
        scratch->capacity = capacity;
    }
    return scratch->data + scratch->size;
}

static void add(struct scratch *scratch, const char *text, size_t size)
{
    char *to = reserve(scratch, size);
    if (!to)
        return;
    memcpy(to, text, size);
    scratch->size += size;
}

static void add_escaped(struct scratch *scratch, const char *text, size_t size)
{
    char *to = reserve(scratch, size * 2);
    if (to)
        scratch->size += prom_render_escaped(to, text, size);
}

static void add_value(struct prom_output *output, struct scratch *scratch, const struct prom_label *label,
                      uint64_t word)
{
    char buffer[FX_CELL_TEXT_MAX];
    size_t size;
    if (label->is_number) {
        size = prom_render_number(buffer, word);
        add(scratch, buffer, size);
    } else if (word & PROM_KEY_TEXT) {
        const struct prom_text *text = prom_intern_text(&output->texts, (uint32_t)word);
        add_escaped(scratch, text->data, text->size);
    } else {
        fx_cell_read((const struct fx_cell *)(uintptr_t)word, buffer, &size);
        add_escaped(scratch, buffer, size);
    }
}

static void open_label(struct scratch *scratch, const struct prom_family *family, unsigned index)
{
    add(scratch, index ? "," : "{", 1);
    add(scratch, family->labels[index].name, strlen(family->labels[index].name));
    add(scratch, "=\"", 2);
}

static const char *keep(struct prom_registry *registry, struct scratch *scratch, uint32_t *size)
{
    char *copy = scratch->failed ? NULL : prom_registry_text(registry, scratch->size);
    if (copy)
        memcpy(copy, scratch->data, scratch->size);
    *size = (uint32_t)scratch->size;
    free(scratch->data);
    return copy;
}

const char *prom_render_labels(struct prom_output *output, struct prom_family *family, const struct prom_series *series,
                               uint32_t *size)
{
    struct scratch scratch = {0};
    for (unsigned i = 0; i < PROM_LABELS; i++) {
        open_label(&scratch, family, i);
        add_value(output, &scratch, &family->labels[i], series->key[i]);
        add(&scratch, "\"", 1);
    }
    add(&scratch, "}", 1);
    return keep(&family->registry, &scratch, size);
}

const char *prom_render_other(struct prom_family *family, uint32_t *size)
{
    struct scratch scratch = {0};
    for (unsigned i = 0; i < PROM_LABELS; i++) {
        open_label(&scratch, family, i);
        add(&scratch, "other\"", 6);
    }
    add(&scratch, "}", 1);
    return keep(&family->registry, &scratch, size);
}
