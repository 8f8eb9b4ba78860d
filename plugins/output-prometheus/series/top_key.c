/*
 * A fingerprint stands for the labels of a series that has no key. Workers and the checkpoint's thread enter this
 * file.
 */
#include <flow-exporter/plugin.h>

#include "base/hash.h"
#include "series/family.h"

/* Keeps a text apart from a cell with that text as its key. */
#define TEXT_KIND UINT64_C(0x74)
#define CELL_KIND UINT64_C(0x63)

static uint64_t add(uint64_t hash, uint64_t word, uint64_t kind)
{
    return prom_hash_mix(hash + kind, word);
}

static uint64_t add_text(uint64_t hash, const char *text, size_t size, uint64_t kind)
{
    return add(hash, prom_hash_text_wide(text, size), kind);
}

/* A cell without a key is known by its address. */
static uint64_t add_cell(uint64_t hash, const struct fx_cell *cell)
{
    size_t size;
    const char *text = fx_cell_key(cell, &size);
    return size ? add_text(hash, text, size, CELL_KIND) : add(hash, (uint64_t)(uintptr_t)cell, CELL_KIND);
}

static uint64_t end(uint64_t hash)
{
    return hash ? hash : 1;
}

uint64_t prom_top_fingerprint(const struct prom_family *family, const struct fx_value *row)
{
    uint64_t hash = family->label_count;
    for (unsigned i = 0; i < family->label_count; i++) {
        const struct fx_value *value = &row[family->labels[i].field];
        if (family->labels[i].is_number)
            hash = add(hash, prom_number_of(value), 0);
        else if (value->type == FX_LATE)
            hash = add_cell(hash, value->cell);
        else
            hash = add_text(hash, value->text, value->type == FX_TEXT ? value->size : 0, TEXT_KIND);
    }
    return end(hash);
}

uint64_t prom_top_key_fingerprint(const struct prom_registry *registry, const uint64_t *key)
{
    uint64_t hash = registry->words;
    for (unsigned i = 0; i < registry->words; i++) {
        const struct fx_cell *cell = prom_key_cell(registry, key, i);
        if (cell) {
            hash = add_cell(hash, cell);
        } else if (!(registry->text_words >> i & 1)) {
            hash = add(hash, key[i], 0);
        } else {
            const struct prom_text *text = prom_intern_text(registry->texts, (uint32_t)key[i]);
            hash = add_text(hash, text->data, text->size, prom_key_waits(registry, key, i) ? CELL_KIND : TEXT_KIND);
        }
    }
    return end(hash);
}

bool prom_top_has_permit(const struct prom_top *top, uint64_t fingerprint)
{
    size_t low = 0, high = top->permit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (top->permits[middle] < fingerprint)
            low = middle + 1;
        else
            high = middle;
    }
    return low < top->permit_count && top->permits[low] == fingerprint;
}

bool prom_top_may_begin(const struct prom_top *top, uint64_t fingerprint)
{
    return atomic_load_explicit(&top->open, memory_order_relaxed) > 0 || prom_top_has_permit(top, fingerprint);
}
