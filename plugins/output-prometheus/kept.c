/* Which series have a place in the log. The checkpoint's owner. */
#include "kept.h"

#include <stdlib.h>
#include <string.h>

static void metric_fini(struct prom_kept_metric *metric)
{
    free(metric->definition);
    free(metric->places);
    free(metric->place_of);
    free(metric->flags);
}

void prom_kept_fini(struct prom_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        metric_fini(&kept->metrics[i]);
    free(kept->metrics);
    free(kept->texts);
    *kept = (struct prom_kept){.look_at_all = true};
}

int prom_kept_know(struct prom_kept_metric *metric, size_t series)
{
    if (series <= metric->known)
        return 0;
    size_t room = series + series / 8 + 64;
    uint32_t *place_of = realloc(metric->place_of, room * sizeof *place_of);
    if (place_of)
        metric->place_of = place_of;
    uint8_t *flags = place_of ? realloc(metric->flags, room) : NULL;
    if (!flags)
        return -1;
    memset(flags + metric->known, 0, room - metric->known);
    metric->flags = flags;
    metric->known = room;
    return 0;
}

int prom_kept_add_place(struct prom_kept_metric *metric, uint32_t number)
{
    if (metric->count == metric->capacity) {
        size_t capacity = metric->capacity + metric->capacity / 4 + 64;
        uint32_t *places = realloc(metric->places, capacity * sizeof *places);
        if (!places)
            return -1;
        metric->places = places;
        metric->capacity = capacity;
    }
    if (!(number & PROM_PLACE_VOID)) {
        if (prom_kept_know(metric, (size_t)number + 1))
            return -1;
        metric->flags[number] |= PROM_KEPT_HAS_KEY;
        metric->place_of[number] = (uint32_t)metric->count;
    }
    metric->places[metric->count++] = number;
    return 0;
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

void prom_kept_forget_text(struct prom_kept *kept, unsigned family, uint32_t number)
{
    for (size_t i = 0; i < kept->count; i++)
        if (kept->metrics[i].family == (int)family && number < kept->metrics[i].known)
            kept->metrics[i].flags[number] &= (uint8_t)~PROM_KEPT_HAS_TEXT;
}

void prom_kept_accept(struct prom_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        kept->metrics[i].accepted = kept->metrics[i].count;
    kept->accepted = kept->count;
    free(kept->texts);
    kept->texts = NULL;
    kept->text_count = kept->text_capacity = 0;
    kept->live_before = kept->live_bytes;
}

static void forget_places(struct prom_kept_metric *metric)
{
    for (size_t place = metric->accepted; place < metric->count; place++)
        if (!(metric->places[place] & PROM_PLACE_VOID))
            metric->flags[metric->places[place]] &= (uint8_t)~PROM_KEPT_HAS_KEY;
    metric->count = metric->accepted;
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
    kept->look_at_all = true;
}
