/* Which series live. Only the checkpoint's thread enters this file. */
#include "series/life.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "series/registry.h"

enum { GONE = 1, TIED = 2 };

void prom_life_fini(struct prom_life *life)
{
    free(life->flags);
    free(life->endings);
    free(life->again);
    *life = (struct prom_life){0};
}

int prom_life_reserve(struct prom_life *life, size_t count)
{
    size_t known = life->known;
    if (count <= known)
        return 0;
    if (PROM_GROW(life->flags, &life->known, count))
        return -1;
    memset(life->flags + known, 0, life->known - known);
    return 0;
}

bool prom_life_is_gone(const struct prom_life *life, uint32_t number)
{
    return number < life->known && life->flags[number] & GONE;
}

bool prom_life_may_end(const struct prom_life *life, uint32_t number)
{
    return number < life->known && !life->flags[number];
}

int prom_life_tie(struct prom_life *life, uint32_t number)
{
    if (prom_life_reserve(life, (size_t)number + 1))
        return -1;
    life->flags[number] |= TIED;
    return 0;
}

static void set_gone(struct prom_life *life, uint32_t number)
{
    life->flags[number] |= GONE;
    life->gone++;
}

/* ---- in the order of a checkpoint */

int prom_life_before_cut(struct prom_life *life, struct prom_registry *registry, size_t ends)
{
    size_t again = life->again_count + prom_registry_may_give_again(registry);
    return PROM_GROW(life->again, &life->again_capacity, again) |
           PROM_GROW(life->endings, &life->ending_capacity, life->ending_count + ends);
}

int prom_life_note_again(struct prom_life *life, struct prom_registry *registry)
{
    if (life->again_seen)
        life->again_count = life->again_seen = 0;
    if (life->again_count + registry->again_count > life->again_capacity)
        return -1;
    life->again_count += prom_registry_given_again(registry, life->again + life->again_count);
    return 0;
}

void prom_life_end(struct prom_life *life, uint32_t number, uint64_t cut, bool is_displaced)
{
    life->endings[life->ending_count++] =
        (struct prom_ending){.number = number, .is_displaced = is_displaced, .cut = cut};
}

const struct prom_ending *prom_life_see_end(struct prom_life *life)
{
    if (life->seen == life->ending_count)
        return NULL;
    set_gone(life, life->endings[life->seen].number);
    return &life->endings[life->seen++];
}

bool prom_life_peek_again(const struct prom_life *life, uint32_t *number)
{
    if (life->again_seen == life->again_count)
        return false;
    *number = life->again[life->again_seen];
    return true;
}

void prom_life_see_again(struct prom_life *life)
{
    life->flags[life->again[life->again_seen++]] = 0;
    life->gone--;
}

const struct prom_ending *prom_life_log_end(struct prom_life *life)
{
    return life->logged < life->seen ? &life->endings[life->logged++] : NULL;
}

const struct prom_ending *prom_life_over(const struct prom_life *life, size_t index, uint64_t oldest)
{
    return index < life->logged && life->endings[index].cut <= oldest ? &life->endings[index] : NULL;
}

void prom_life_forget(struct prom_life *life, size_t count)
{
    if (!count)
        return;
    life->logged -= count;
    life->seen -= count;
    life->ending_count -= count;
    memmove(life->endings, life->endings + count, life->ending_count * sizeof *life->endings);
}

/* ---- restore */

int prom_life_reserve_end(struct prom_life *life, uint32_t number)
{
    return prom_life_reserve(life, (size_t)number + 1) |
           PROM_GROW(life->endings, &life->ending_capacity, life->ending_count + 1);
}

void prom_life_restore_end(struct prom_life *life, uint32_t number, uint64_t cut)
{
    set_gone(life, number);
    prom_life_end(life, number, cut, false);
    life->seen = life->logged = life->ending_count;
}

void prom_life_restore_begin(struct prom_life *life, uint32_t number)
{
    if (!prom_life_is_gone(life, number))
        return;
    life->flags[number] = 0;
    life->gone--;
}

void prom_life_restored(struct prom_life *life, struct prom_registry *registry)
{
    registry->again_count = 0; /* they are known */
    life->again_count = life->again_seen = 0;
}
