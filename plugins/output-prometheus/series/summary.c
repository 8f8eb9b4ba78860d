/* The summary: counters by key, and how room is made among them. */
#include "series/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

int prom_summary_init(struct prom_summary *summary, size_t counters, uint64_t seed)
{
    size_t place_count = 64;
    while (place_count / 4 * 3 <= counters)
        place_count *= 2;
    *summary = (struct prom_summary){.limit = counters, .place_count = place_count, .seed = seed};
    summary->places = calloc(place_count, sizeof *summary->places);
    summary->scratch = calloc(counters + 1, sizeof *summary->scratch);
    return summary->places && summary->scratch ? 0 : -1;
}

void prom_summary_fini(struct prom_summary *summary)
{
    free(summary->places);
    free(summary->scratch);
    *summary = (struct prom_summary){.places = NULL};
}

/* The place of the key, or the free place where the key belongs. */
static struct prom_counter *find(const struct prom_summary *summary, uint64_t key)
{
    size_t at = (size_t)prom_hash_mix(key, summary->seed);
    struct prom_counter *place;
    while ((place = &summary->places[at & (summary->place_count - 1)])->key && place->key != key)
        at++;
    return place;
}

static void swap(struct prom_counter *a, struct prom_counter *b)
{
    struct prom_counter kept = *a;
    *a = *b;
    *b = kept;
}

/*
 * The weight that half of the items reach. Those items then stand in the upper half. Quickselect, with the median of
 * three.
 */
static double select_median(struct prom_counter *items, size_t count)
{
    size_t low = 0, high = count - 1, wanted = count / 2;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].weight < items[low].weight)
            swap(&items[middle], &items[low]);
        if (items[high].weight < items[low].weight)
            swap(&items[high], &items[low]);
        if (items[high].weight < items[middle].weight)
            swap(&items[high], &items[middle]);
        double pivot = items[middle].weight;
        size_t left = low, right = high;
        for (;;) {
            while (items[left].weight < pivot)
                left++;
            while (items[right].weight > pivot)
                right--;
            if (left >= right)
                break;
            swap(&items[left++], &items[right--]);
        }
        if (wanted <= right)
            high = right;
        else
            low = right + 1;
    }
    return items[wanted].weight;
}

static size_t copy_all(const struct prom_summary *summary, struct prom_counter *to)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->place_count; i++)
        if (summary->places[i].key)
            to[count++] = summary->places[i];
    return count;
}

/*
 * Lowers all counters by the median, so that half of them become free. Filling them took as many additions, so the
 * time for each addition is constant on average.
 */
static void lower(struct prom_summary *summary)
{
    size_t count = copy_all(summary, summary->scratch);
    double median = select_median(summary->scratch, count);
    memset(summary->places, 0, summary->place_count * sizeof *summary->places);
    summary->count = 0;
    summary->lowered += median;
    for (size_t i = 0; i < count; i++) {
        struct prom_counter counter = summary->scratch[i];
        if (counter.weight <= median)
            continue;
        counter.weight -= median;
        *find(summary, counter.key) = counter;
        summary->count++;
    }
}

static void put(struct prom_summary *summary, uint64_t key, double weight)
{
    struct prom_counter *place = find(summary, key);
    place->weight += weight;
    if (place->key)
        return;
    place->key = key;
    if (++summary->count > summary->limit)
        lower(summary);
}

void prom_summary_add(struct prom_summary *summary, uint64_t key, double weight)
{
    summary->total += weight;
    put(summary, key, weight);
}

void prom_summary_merge(struct prom_summary *summary, struct prom_summary *from)
{
    for (size_t i = 0; i < from->place_count; i++)
        if (from->places[i].key)
            put(summary, from->places[i].key, from->places[i].weight);
    summary->total += from->total;
    summary->lowered += from->lowered;
    prom_summary_clear(from);
}

void prom_summary_scale(struct prom_summary *summary, double factor)
{
    for (size_t i = 0; i < summary->place_count; i++)
        summary->places[i].weight *= factor;
    summary->total *= factor;
    summary->lowered *= factor;
}

double prom_summary_get(const struct prom_summary *summary, uint64_t key)
{
    return find(summary, key)->weight;
}

/* The key's counter stays until room is made. */
double prom_summary_take(struct prom_summary *summary, uint64_t key)
{
    struct prom_counter *place = find(summary, key);
    double weight = place->weight;
    place->weight = 0;
    return weight;
}

void prom_summary_clear(struct prom_summary *summary)
{
    if (summary->count)
        memset(summary->places, 0, summary->place_count * sizeof *summary->places);
    summary->count = 0;
    summary->total = summary->lowered = 0;
}

static int heavier_first(const void *a, const void *b)
{
    const struct prom_counter *left = a, *right = b;
    if (left->weight != right->weight)
        return left->weight < right->weight ? 1 : -1;
    return left->key < right->key ? -1 : left->key > right->key;
}

size_t prom_summary_top(const struct prom_summary *summary, double least, struct prom_counter *to, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->place_count; i++)
        if (summary->places[i].key && summary->places[i].weight > least)
            to[count++] = summary->places[i];
    qsort(to, count, sizeof *to, heavier_first);
    return count < max ? count : max;
}
