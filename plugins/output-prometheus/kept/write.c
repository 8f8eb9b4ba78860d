/*
 * What a checkpoint adds to the log, and its values. This runs in prepare, beside workers, so it looks only at
 * series of the pending cut. Their keys do not change any more, except that cells replace a waiting key
 * (registry.h). The log has the same entry for both.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/grow.h"
#include "kept/kept.h"
#include "series/store.h"

#define ENTRY_BYTES  ((size_t)64 * 1024)
#define VALUES_BLOCK 4096

struct writing {
    struct prom_store *store;
    struct prom_kept *kept;
    const struct fx_checkpoint *checkpoint;
    struct prom_buffer entry;
    bool failed; /* no memory */
};

static void add_u32(struct prom_buffer *to, uint32_t number)
{
    prom_buffer_add(to, (const char *)&number, sizeof number);
}

static void add_u64(struct prom_buffer *to, uint64_t number)
{
    prom_buffer_add(to, (const char *)&number, sizeof number);
}

static void add_head(struct prom_buffer *to, uint8_t type, uint32_t metric)
{
    prom_buffer_add(to, (const char *)&type, 1);
    add_u32(to, metric);
}

static void add_sized(struct prom_buffer *to, const char *data, size_t size)
{
    add_u32(to, (uint32_t)size);
    prom_buffer_add(to, data, size);
}

/* Records go into the log together. */
static void flush(struct writing *writing, size_t least)
{
    writing->failed = writing->failed || writing->entry.failed;
    if (writing->failed || writing->entry.size < least)
        return;
    writing->kept->live_bytes += writing->entry.size;
    fx_state_log(writing->checkpoint, writing->entry.data, writing->entry.size);
    writing->entry.size = 0;
}

/* ---- metrics */

static void log_metric(struct writing *writing, const struct prom_kept_metric *metric)
{
    uint8_t type = PROM_KEPT_METRIC;
    prom_buffer_add(&writing->entry, (const char *)&type, 1);
    add_sized(&writing->entry, metric->definition, strlen(metric->definition));
    add_head(&writing->entry, PROM_KEPT_OTHER, (uint32_t)(metric - writing->kept->metrics));
    add_u64(&writing->entry, metric->other_created);
}

static bool has_metric(const struct prom_kept *kept, unsigned family)
{
    for (size_t i = 0; i < kept->count; i++)
        if (kept->metrics[i].family == (int)family)
            return true;
    return false;
}

static void begin_metric(struct writing *writing, struct prom_kept_metric *metric, const struct prom_family *family)
{
    metric->other_created = prom_series_created(&family->registry, PROM_OTHER_SERIES);
    if (!writing->checkpoint->rewrite_log) /* otherwise it is logged with all the others */
        log_metric(writing, metric);
}

static void add_new_metrics(struct writing *writing)
{
    struct prom_store *store = writing->store;
    struct prom_kept *kept = writing->kept;
    for (unsigned i = 0; i < store->family_count; i++) {
        if (has_metric(kept, i))
            continue;
        struct prom_buffer definition = {0};
        prom_family_define(&store->families[i], &definition);
        if (definition.failed || prom_kept_add_metric(kept, definition.data, definition.size, (int)i))
            writing->failed = true;
        else
            begin_metric(writing, &kept->metrics[kept->count - 1], &store->families[i]);
        prom_buffer_fini(&definition);
    }
}

/* ---- series */

/* False: a cell without a key. */
static bool add_word(struct writing *writing, const struct prom_family *family, const uint64_t *key, unsigned index)
{
    struct prom_buffer *to = &writing->entry;
    const struct fx_cell *cell = prom_key_cell(&family->registry, key, index);
    uint8_t kind = family->labels[index].is_number                         ? PROM_KEPT_NUMBER
                   : cell || prom_key_waits(&family->registry, key, index) ? PROM_KEPT_CELL
                                                                           : PROM_KEPT_TEXT;
    prom_buffer_add(to, (const char *)&kind, 1);
    if (kind == PROM_KEPT_NUMBER) {
        add_u64(to, key[index]);
        return true;
    }
    size_t size;
    if (cell) {
        const char *text = fx_cell_key(cell, &size);
        add_sized(to, text, size);
        return size > 0;
    }
    const struct prom_text *text = prom_intern_text(&writing->store->texts, (uint32_t)key[index]);
    add_sized(to, text->data, text->size);
    return true;
}

static bool log_series(struct writing *writing, uint32_t metric, uint32_t place, uint32_t number)
{
    struct prom_family *family = &writing->store->families[writing->kept->metrics[metric].family];
    uint64_t key[PROM_LABELS_MAX];
    size_t start = writing->entry.size;
    prom_key_copy(&family->registry, prom_series_at(&family->registry, number)->key, key);
    add_head(&writing->entry, PROM_KEPT_BEGUN, metric);
    add_u32(&writing->entry, place);
    add_u64(&writing->entry, prom_series_created(&family->registry, number));
    for (unsigned i = 0; i < family->label_count; i++) {
        if (!add_word(writing, family, key, i)) {
            writing->entry.size = start;
            return false;
        }
    }
    return true;
}

/* ---- texts */

static bool remember_text(struct prom_kept *kept, uint32_t metric, uint32_t number)
{
    if (PROM_GROW(kept->texts, &kept->text_capacity, kept->text_count + 1))
        return false;
    kept->texts[kept->text_count++] = (struct prom_kept_text){.metric = metric, .number = number};
    return true;
}

/* How the series is shown, if it is. */
static bool log_text(struct writing *writing, uint32_t metric_number, uint32_t number)
{
    const struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    const struct prom_family *family = &writing->store->families[metric->family];
    const struct prom_series *series = prom_series_at(&family->registry, number);
    const char *text = prom_standing_text(&series->standing);
    uint32_t shown_as = prom_series_alias_of(series);
    if (!text && (shown_as == PROM_SERIES_NONE || !(metric->flags[shown_as] & PROM_KEPT_HAS_KEY)))
        return false;
    add_head(&writing->entry, text ? PROM_KEPT_SHOWN : PROM_KEPT_ALIAS, metric_number);
    add_u32(&writing->entry, metric->place_of[number]);
    if (text)
        add_sized(&writing->entry, text, series->standing.text_size);
    else
        add_u32(&writing->entry, metric->place_of[shown_as]);
    uint32_t renamed_to = prom_rename_target(&family->rename, number);
    if (text && renamed_to != PROM_RENAME_NONE && metric->flags[renamed_to] & PROM_KEPT_HAS_KEY) {
        add_head(&writing->entry, PROM_KEPT_ALIAS, metric_number);
        add_u32(&writing->entry, metric->place_of[number]);
        add_u32(&writing->entry, metric->place_of[renamed_to]);
    }
    return true;
}

/* ---- a metric's series: the new ones, or all in the order of their places */

static void keep_key(struct writing *writing, uint32_t metric_number, uint32_t number)
{
    struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    if (metric->flags[number] & (PROM_KEPT_HAS_KEY | PROM_KEPT_IS_KEYLESS))
        return;
    if (!log_series(writing, metric_number, prom_kept_next_place(metric), number))
        metric->flags[number] |= PROM_KEPT_IS_KEYLESS;
    else if (prom_kept_use_next_place(metric, number))
        writing->failed = true;
}

static void keep_text(struct writing *writing, uint32_t metric_number, uint32_t number)
{
    struct prom_kept *kept = writing->kept;
    const struct prom_family *family = &writing->store->families[kept->metrics[metric_number].family];
    if (prom_life_is_gone(&family->life, number))
        return;
    uint8_t *flags = &kept->metrics[metric_number].flags[number];
    if ((*flags & (PROM_KEPT_HAS_KEY | PROM_KEPT_HAS_TEXT)) != PROM_KEPT_HAS_KEY)
        return;
    if (!log_text(writing, metric_number, number))
        return;
    if (remember_text(kept, metric_number, number))
        *flags |= PROM_KEPT_HAS_TEXT;
    else
        writing->failed = true;
}

static bool is_renamed(const struct prom_family *family, const struct prom_kept_metric *metric, struct prom_alias alias)
{
    const struct prom_series *series = prom_series_at(&family->registry, alias.number);
    return prom_standing_text(&series->standing) && alias.number < metric->known && alias.shown_as < metric->known &&
           metric->flags[alias.number] & metric->flags[alias.shown_as] & PROM_KEPT_HAS_KEY;
}

/* All renamed series, in the order of their renames. A name can come back, and then the last rename counts. */
static void log_renames_again(struct writing *writing, uint32_t metric_number)
{
    const struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    const struct prom_family *family = &writing->store->families[metric->family];
    for (size_t i = 0; i < family->admit.alias_count && !writing->failed; i++) {
        struct prom_alias alias = family->admit.aliases[i];
        if (!is_renamed(family, metric, alias))
            continue;
        add_head(&writing->entry, PROM_KEPT_ALIAS, metric_number);
        add_u32(&writing->entry, metric->place_of[alias.number]);
        add_u32(&writing->entry, metric->place_of[alias.shown_as]);
        flush(writing, ENTRY_BYTES);
    }
}

static void log_places_again(struct writing *writing, uint32_t metric_number)
{
    const struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    for (size_t place = 1; place < metric->count && !writing->failed; place++) {
        if (metric->places[place] & PROM_PLACE_VOID)
            add_head(&writing->entry, PROM_KEPT_VOID, metric_number);
        else
            log_series(writing, metric_number, (uint32_t)place, metric->places[place]);
        flush(writing, ENTRY_BYTES);
    }
    for (size_t place = 0; place < metric->count && !writing->failed; place++) {
        uint32_t number = metric->places[place];
        if (!(number & PROM_PLACE_VOID) && metric->flags[number] & PROM_KEPT_HAS_TEXT)
            log_text(writing, metric_number, number);
        flush(writing, ENTRY_BYTES);
    }
}

static void log_ends(struct writing *writing, uint32_t metric_number)
{
    const struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    uint64_t live = writing->kept->live_bytes;
    for (size_t i = 0; i < metric->ended_count && !writing->failed; i++) {
        add_head(&writing->entry, PROM_KEPT_ENDED, metric_number);
        add_u32(&writing->entry, metric->ended[i]);
        flush(writing, ENTRY_BYTES);
    }
    flush(writing, 1);
    writing->kept->live_bytes = live; /* nothing of it is live */
}

/*
 * If the value of a series went elsewhere since the last checkpoint, that is logged after the text of the new
 * series.
 */
static void forget_renamed(struct prom_kept_metric *metric, const struct prom_family *family)
{
    for (size_t i = 0; i < family->admit.fresh_count; i++) {
        uint32_t number = family->admit.fresh[i];
        if (number < metric->known && prom_rename_target(&family->rename, number) != PROM_RENAME_NONE)
            metric->flags[number] &= (uint8_t)~PROM_KEPT_HAS_TEXT;
    }
}

static void keep_new(struct writing *writing, uint32_t metric_number, size_t count)
{
    struct prom_store *store = writing->store;
    struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    const struct prom_family *family = &store->families[metric->family];
    const struct prom_admit *admit = &family->admit;
    bool all = writing->kept->look_at_all || admit->fresh_lost;
    size_t first = all ? 0 : metric->looked_at;
    for (size_t number = first; number < count && !writing->failed; number++) {
        if (!prom_life_is_gone(&family->life, (uint32_t)number))
            keep_key(writing, metric_number, (uint32_t)number);
        flush(writing, ENTRY_BYTES);
    }
    for (size_t i = 0; i < family->life.again_seen && !writing->failed; i++) {
        if (family->life.again[i] < first)
            keep_key(writing, metric_number, family->life.again[i]);
        flush(writing, ENTRY_BYTES);
    }
    forget_renamed(metric, family);
    for (size_t i = 0; i < (all ? count : admit->fresh_count) && !writing->failed; i++) {
        keep_text(writing, metric_number, all ? (uint32_t)i : admit->fresh[i]);
        flush(writing, ENTRY_BYTES);
    }
    if (all || writing->checkpoint->rewrite_log)
        log_renames_again(writing, metric_number);
    metric->looked_at = count;
}

static void keep_metric(struct writing *writing, uint32_t metric_number)
{
    struct prom_store *store = writing->store;
    struct prom_kept_metric *metric = &writing->kept->metrics[metric_number];
    bool rewrite = writing->checkpoint->rewrite_log;
    if (metric->family >= 0)
        metric->other_created = prom_series_created(&store->families[metric->family].registry, PROM_OTHER_SERIES);
    if (rewrite)
        log_metric(writing, metric);
    if (metric->family < 0)
        return;
    size_t count = store->pending->families[metric->family].count;
    if (prom_kept_reserve(metric, count)) {
        writing->failed = true;
        return;
    }
    flush(writing, 1);
    if (rewrite)
        log_places_again(writing, metric_number);
    else
        log_ends(writing, metric_number);
    keep_new(writing, metric_number, count);
    prom_admit_forget_fresh(&store->families[metric->family].admit);
}

/* ---- values */

static size_t slots_of(const struct writing *writing, const struct prom_kept_metric *metric)
{
    return metric->family < 0 ? 0 : writing->store->families[metric->family].shape.slots;
}

static void put_values(const struct writing *writing, const struct prom_kept_metric *metric)
{
    size_t slots = slots_of(writing, metric);
    uint64_t block[VALUES_BLOCK], count = slots * metric->count;
    fx_state_put(writing->checkpoint, &count, sizeof count);
    const uint64_t *values = count ? writing->store->pending->families[metric->family].values : NULL;
    size_t used = 0;
    for (size_t place = 0; place < metric->count && slots; place++) {
        uint32_t number = metric->places[place];
        if (number & PROM_PLACE_VOID)
            memset(&block[used], 0, slots * sizeof *block);
        else
            memcpy(&block[used], &values[number * slots], slots * sizeof *block);
        used += slots;
        if (used + slots > VALUES_BLOCK || place + 1 == metric->count) {
            fx_state_put(writing->checkpoint, block, used * sizeof *block);
            used = 0;
        }
    }
}

/* For each place, how long its series has been idle. */
static void put_idle(const struct writing *writing, const struct prom_kept_metric *metric,
                     const struct prom_expire *expire)
{
    uint32_t block[VALUES_BLOCK], now = prom_expire_now();
    uint64_t count = expire->after_ms ? metric->count : 0;
    fx_state_put(writing->checkpoint, &count, sizeof count);
    size_t used = 0;
    for (size_t place = 0; place < count + count % 2; place++) {
        uint32_t number = place < count ? metric->places[place] : PROM_PLACE_FREE;
        block[used++] = number < expire->known ? now - expire->active[number] : 0;
        if (used == VALUES_BLOCK || place + 1 == count + count % 2) {
            fx_state_put(writing->checkpoint, block, used * sizeof *block);
            used = 0;
        }
    }
}

static void put_ended(const struct writing *writing, const struct prom_kept_metric *metric)
{
    static const uint64_t nothing[3] = {0};
    if (metric->family < 0) {
        fx_state_put(writing->checkpoint, nothing, sizeof nothing);
        return;
    }
    const struct prom_values *pending = &writing->store->pending->families[metric->family];
    fx_state_put(writing->checkpoint, &pending->ended[PROM_SLOT_FIRST], sizeof *pending->ended);
    fx_state_put(writing->checkpoint, &pending->ended_at, sizeof pending->ended_at);
    put_idle(writing, metric, &writing->store->families[metric->family].expire);
}

static void put_further_ended(const struct writing *writing, const struct prom_kept_metric *metric)
{
    size_t slots = slots_of(writing, metric);
    uint64_t further = slots ? slots - 1 : 0;
    fx_state_put(writing->checkpoint, &further, sizeof further);
    if (further)
        fx_state_put(writing->checkpoint, &writing->store->pending->families[metric->family].ended[1],
                     further * sizeof further);
}

/* For each place, the weight of its series. */
static void put_weights(const struct writing *writing, const struct prom_kept_metric *metric)
{
    const struct prom_top *top = metric->family < 0 ? NULL : &writing->store->families[metric->family].top;
    uint64_t count = top && top->limit ? metric->count : 0;
    fx_state_put(writing->checkpoint, &count, sizeof count);
    for (size_t place = 0; place < count; place++) {
        uint32_t number = metric->places[place];
        double weight = number < top->known ? top->weights[number] : 0;
        fx_state_put(writing->checkpoint, &weight, sizeof weight);
    }
}

/* Logs the ends that prepare has seen. */
static void log_ended(struct prom_kept *kept, struct prom_store *store)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        const struct prom_ending *ending;
        while ((ending = prom_life_log_end(&family->life)))
            prom_kept_end(kept, i, ending->number,
                          prom_series_at(&family->registry, ending->number)->standing.text_size);
    }
}

int prom_kept_write(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint)
{
    log_ended(kept, store);
    if (!checkpoint->state) { /* the next checkpoint with state looks at everything */
        kept->look_at_all = true;
        for (unsigned i = 0; i < store->family_count; i++)
            prom_admit_forget_fresh(&store->families[i].admit);
        return 0;
    }
    struct writing writing = {.store = store, .kept = kept, .checkpoint = checkpoint};
    if (checkpoint->rewrite_log)
        kept->live_bytes = 0;
    add_new_metrics(&writing);
    for (size_t i = 0; i < kept->count && !writing.failed; i++)
        keep_metric(&writing, (uint32_t)i);
    flush(&writing, 1);
    prom_buffer_fini(&writing.entry);
    kept->look_at_all = writing.failed; /* the next checkpoint looks for what this one lacks */
    if (writing.failed)
        return FX_ENOMEM;
    for (size_t i = 0; i < kept->count; i++)
        put_values(&writing, &kept->metrics[i]);
    for (size_t i = 0; i < kept->count; i++)
        put_ended(&writing, &kept->metrics[i]);
    for (size_t i = 0; i < kept->count; i++)
        put_further_ended(&writing, &kept->metrics[i]);
    for (size_t i = 0; i < kept->count; i++)
        put_weights(&writing, &kept->metrics[i]);
    kept->is_written = true;
    fx_state_live(checkpoint, kept->live_bytes);
    return 0;
}
