/* Keys by hash, with open addressing. The heaviest keys are found with a heap that has the lightest of them on top. */
#include "live/heavy.h"

#include "base/big.h"

#define CAPACITY_MIN 1024
#define CAPACITY_MAX ((size_t)131072)

static size_t place_of(const struct prom_grown *slots, size_t capacity, uint64_t key)
{
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t place = (size_t)(hash >> 32) & (capacity - 1);
    while (slots[place].is_used && slots[place].key != key)
        place = (place + 1) & (capacity - 1);
    return place;
}

static bool grow(struct prom_heavy *heavy)
{
    size_t capacity = heavy->capacity ? 2 * heavy->capacity : CAPACITY_MIN;
    struct prom_grown *slots = prom_big_new(capacity * sizeof *slots, false);
    if (!slots)
        return false;
    for (size_t i = 0; i < heavy->capacity; i++)
        if (heavy->slots[i].is_used)
            slots[place_of(slots, capacity, heavy->slots[i].key)] = heavy->slots[i];
    prom_heavy_fini(&(struct prom_heavy){.slots = heavy->slots, .capacity = heavy->capacity});
    heavy->slots = slots;
    heavy->capacity = capacity;
    return true;
}

/* At most three quarters of the places are taken. */
static bool has_room(struct prom_heavy *heavy)
{
    if (heavy->count < heavy->capacity / 4 * 3)
        return true;
    return heavy->capacity < CAPACITY_MAX && grow(heavy);
}

void prom_heavy_add(struct prom_heavy *heavy, uint64_t key, uint32_t number, int64_t growth)
{
    bool may_add = has_room(heavy);
    if (!heavy->capacity)
        return;
    struct prom_grown *grown = &heavy->slots[place_of(heavy->slots, heavy->capacity, key)];
    if (!grown->is_used) {
        if (!may_add)
            return;
        *grown = (struct prom_grown){.key = key, .number = number, .most = growth, .is_used = true};
        heavy->count++;
    }
    grown->growth += growth;
    if (growth > grown->most) {
        grown->most = growth;
        grown->number = number;
    }
}

const struct prom_grown *prom_heavy_find(const struct prom_heavy *heavy, uint64_t key)
{
    const struct prom_grown *grown =
        heavy->capacity ? &heavy->slots[place_of(heavy->slots, heavy->capacity, key)] : NULL;
    return grown && grown->is_used ? grown : NULL;
}

/* The item at place moves down until both items below it are heavier. */
static void sift(const struct prom_grown **top, size_t count, size_t place)
{
    for (;;) {
        size_t lightest = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < count; child++)
            if (top[child]->growth < top[lightest]->growth)
                lightest = child;
        if (lightest == place)
            return;
        const struct prom_grown *moved = top[place];
        top[place] = top[lightest];
        top[lightest] = moved;
        place = lightest;
    }
}

size_t prom_heavy_top(const struct prom_heavy *heavy, const struct prom_grown **top, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < heavy->capacity; i++) {
        const struct prom_grown *grown = &heavy->slots[i];
        if (!grown->is_used || grown->growth <= 0)
            continue;
        if (count < max) {
            top[count++] = grown;
            for (size_t place = count / 2; count == max && place-- > 0;)
                sift(top, count, place);
        } else if (grown->growth > top[0]->growth) {
            top[0] = grown;
            sift(top, count, 0);
        }
    }
    return count;
}

void prom_heavy_fini(struct prom_heavy *heavy)
{
    prom_big_free(heavy->slots, heavy->capacity * sizeof *heavy->slots, false);
    *heavy = (struct prom_heavy){.slots = NULL};
}
