/* Which series have a place in the log. The checkpoint's thread. */
#include "kept/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static void metric_fini(struct prom_kept_metric *metric)
{
    free(metric->definition);
    free(metric->places);
    free(metric->place_of);
    free(metric->flags);
    free(metric->ended);
    free(metric->free);
    free(metric->used);
}

void prom_kept_fini(struct prom_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        metric_fini(&kept->metrics[i]);
    free(kept->metrics);
    free(kept->texts);
    *kept = (struct prom_kept){.look_at_all = true};
}

int prom_kept_reserve(struct prom_kept_metric *metric, size_t series)
{
    if (series <= metric->known)
        return 0;
    size_t room[2] = {metric->known, metric->known};
    if (PROM_GROW(metric->place_of, &room[0], series) || PROM_GROW(metric->flags, &room[1], series))
        return -1;
    memset(metric->flags + metric->known, 0, room[1] - metric->known);
    metric->known = room[1];
    return 0;
}

int prom_kept_put_place(struct prom_kept_metric *metric, uint32_t place, uint32_t number)
{
    if (place == metric->count && PROM_GROW(metric->places, &metric->capacity, metric->count + 1))
        return -1;
    if (!(number & PROM_PLACE_VOID)) {
        if (prom_kept_reserve(metric, (size_t)number + 1))
            return -1;
        metric->flags[number] |= PROM_KEPT_HAS_KEY;
        metric->place_of[number] = place;
    }
    metric->places[place] = number;
    metric->count += place == metric->count;
    return 0;
}

int prom_kept_add_place(struct prom_kept_metric *metric, uint32_t number)
{
    return prom_kept_put_place(metric, (uint32_t)metric->count, number);
}

/* Makes room for one more place in each of the three lists. */
static int reserve_spare(struct prom_kept_metric *metric)
{
    size_t wanted = metric->ended_count + metric->free_count + metric->used_count + 1;
    if (wanted <= metric->spare_capacity)
        return 0;
    size_t room[3] = {metric->spare_capacity, metric->spare_capacity, metric->spare_capacity};
    if (PROM_GROW(metric->ended, &room[0], wanted) || PROM_GROW(metric->free, &room[1], wanted) ||
        PROM_GROW(metric->used, &room[2], wanted))
        return -1;
    metric->spare_capacity = room[0];
    return 0;
}

uint32_t prom_kept_next_place(const struct prom_kept_metric *metric)
{
    return metric->free_count ? metric->free[metric->free_count - 1] : (uint32_t)metric->count;
}

int prom_kept_use_next_place(struct prom_kept_metric *metric, uint32_t number)
{
    uint32_t place = prom_kept_next_place(metric);
    bool was_free = place < metric->count;
    if (prom_kept_put_place(metric, place, number))
        return -1;
    if (was_free)
        metric->used[metric->used_count++] = metric->free[--metric->free_count];
    return 0;
}

int prom_kept_collect_free(struct prom_kept_metric *metric)
{
    for (size_t place = 0; place < metric->count; place++) {
        if (metric->places[place] != PROM_PLACE_FREE)
            continue;
        if (reserve_spare(metric))
            return -1;
        metric->free[metric->free_count++] = (uint32_t)place;
    }
    return 0;
}

/* Without memory the place is lost until the log is written anew. */
static void end_place(struct prom_kept_metric *metric, uint32_t place)
{
    metric->places[place] = PROM_PLACE_FREE;
    if (!reserve_spare(metric))
        metric->ended[metric->ended_count++] = place;
}

void prom_kept_end(struct prom_kept *kept, unsigned family, uint32_t number, size_t text_size)
{
    uint64_t bytes = 2 * text_size + 64; /* about the size of its records in the log */
    for (size_t i = 0; i < kept->count; i++) {
        struct prom_kept_metric *metric = &kept->metrics[i];
        if (metric->family != (int)family || number >= metric->known)
            continue;
        if (metric->flags[number] & PROM_KEPT_HAS_KEY)
            end_place(metric, metric->place_of[number]);
        metric->flags[number] = 0;
        kept->live_bytes -= bytes < kept->live_bytes ? bytes : kept->live_bytes;
    }
}

int prom_kept_add_metric(struct prom_kept *kept, const char *definition, size_t size, int family)
{
    struct prom_kept_metric *metrics = realloc(kept->metrics, (kept->count + 1) * sizeof *metrics);
    if (!metrics)
        return -1;
    kept->metrics = metrics;
    struct prom_kept_metric *metric = &metrics[kept->count];
    *metric = (struct prom_kept_metric){.family = family, .definition = malloc(size + 1)};
    if (!metric->definition || prom_kept_add_place(metric, 0)) {
        metric_fini(metric);
        return -1;
    }
    memcpy(metric->definition, definition, size);
    metric->definition[size] = '\0';
    kept->count++;
    return 0;
}

static void accept_places(struct prom_kept_metric *metric, bool is_written)
{
    metric->accepted = metric->count;
    metric->used_count = 0;
    for (size_t i = 0; is_written && i < metric->ended_count; i++)
        metric->free[metric->free_count++] = metric->ended[i];
    if (is_written)
        metric->ended_count = 0;
}

void prom_kept_accept(struct prom_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        accept_places(&kept->metrics[i], kept->is_written);
    kept->is_written = false;
    kept->accepted = kept->count;
    free(kept->texts);
    kept->texts = NULL;
    kept->text_count = kept->text_capacity = 0;
    kept->live_before = kept->live_bytes;
}

static void forget_key(struct prom_kept_metric *metric, uint32_t place)
{
    if (!(metric->places[place] & PROM_PLACE_VOID))
        metric->flags[metric->places[place]] &= (uint8_t)~PROM_KEPT_HAS_KEY;
}

static void forget_places(struct prom_kept_metric *metric)
{
    for (size_t place = metric->accepted; place < metric->count; place++)
        forget_key(metric, (uint32_t)place);
    metric->count = metric->accepted;
    while (metric->used_count) {
        uint32_t place = metric->used[--metric->used_count];
        forget_key(metric, place);
        metric->places[place] = PROM_PLACE_FREE;
        metric->free[metric->free_count++] = place;
    }
}

void prom_kept_forget(struct prom_kept *kept)
{
    for (size_t i = 0; i < kept->text_count; i++)
        kept->metrics[kept->texts[i].metric].flags[kept->texts[i].number] &= (uint8_t)~PROM_KEPT_HAS_TEXT;
    kept->text_count = 0;
    while (kept->count > kept->accepted)
        metric_fini(&kept->metrics[--kept->count]);
    for (size_t i = 0; i < kept->count; i++)
        forget_places(&kept->metrics[i]);
    kept->live_bytes = kept->live_before;
    kept->is_written = false;
    kept->look_at_all = true;
}
