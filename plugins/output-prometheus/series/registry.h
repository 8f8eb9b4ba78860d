/*
 * The series of one metric. A key (one word for each label) has the same number for all workers. Workers look keys
 * up without a lock, and take the lock only for a new key. Series live in chunks that never move. Number 0 is the
 * series 'other': it takes the records whose series would be too many.
 */
#ifndef OUTPUT_PROMETHEUS_REGISTRY_H
#define OUTPUT_PROMETHEUS_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "series/intern.h"
#include "series/life.h"
#include "series/line.h"
#include "base/table.h"

#define PROM_OTHER_SERIES 0
#define PROM_SERIES_NONE  PROM_TABLE_NONE
/* In the word of a text label: this bit and the number of the text. Without this bit the word is a cell's address. */
#define PROM_KEY_TEXT (UINT64_C(1) << 63)

/*
 * A waiting key: the series was restored, and its cells are not there yet. The word of a cell then has the number of
 * the text that is the cell's key. The first record with the cells puts them there.
 */
#define PROM_KEY_WAITING (UINT64_C(1) << 62)

/* The thread that makes the series writes key and created. With five labels a series fills one line of the cache. */
struct prom_series {
    struct prom_standing standing; /* how it is shown (life.h) */
    _Atomic uint64_t created;      /* when it began at zero, in ms since the epoch; with the bit PROM_SERIES_WOKEN */
    uint64_t key[];
};
/*
 * The series was restored and has got its cells. It can also be found by its waiting key, and keeps the texts of
 * that key in use.
 */
#define PROM_SERIES_WOKEN (UINT64_C(1) << 63)

#define PROM_SERIES_CHUNK 65536
struct prom_registry {
    pthread_mutex_t lock;   /* held while adding */
    unsigned words;         /* words of a key */
    unsigned text_words;    /* a bit for each word that is a text */
    size_t series_bytes;    /* size of one series */
    char **chunks;          /* room for all series that the limit allows */
    _Atomic uint32_t count; /* number of series, including 'other'; written under the lock */
    uint32_t limit;
    struct prom_table table;
    struct prom_intern *texts;
    _Atomic uint32_t room; /* how many more series can be made; written under the lock */
    uint64_t made;         /* how many series were ever made; under the lock */
    uint32_t live;         /* series that can be found, without 'other'; under the lock */
    bool is_rationed;      /* room is set in each cut, to less than there are numbers (top.h) */
    /* Under the lock: the numbers of series that have ended, and the numbers given again since the last cut. */
    uint32_t *free, *again;
    size_t free_count, again_count, free_capacity;
    _Atomic uint32_t waiting; /* how many series have waiting keys; written under the lock */
};

/* Call before any series is made. Allows only this many series at a time, of those that there are numbers for. */
void prom_registry_ration(struct prom_registry *registry, uint32_t room);

/* 0, or -1 without memory. The caller frees in both cases. texts: the texts that the numbers in keys stand for. */
int prom_registry_init(struct prom_registry *registry, unsigned words, unsigned text_words, uint32_t max_series,
                       struct prom_intern *texts);
/* Also drops the cells that series hold. */
void prom_registry_fini(struct prom_registry *registry);

static inline struct prom_series *prom_series_at(const struct prom_registry *registry, uint32_t number)
{
    char *chunk = registry->chunks[number / PROM_SERIES_CHUNK];
    return (struct prom_series *)(void *)(chunk + number % PROM_SERIES_CHUNK * registry->series_bytes);
}

/* When the series began at zero, in ms since the epoch. Any thread may call this for a series that a snapshot has. */
static inline uint64_t prom_series_created(const struct prom_registry *registry, uint32_t number)
{
    return atomic_load_explicit(&prom_series_at(registry, number)->created, memory_order_relaxed) & ~PROM_SERIES_WOKEN;
}

static inline void prom_series_set_created(const struct prom_registry *registry, uint32_t number, uint64_t created)
{
    _Atomic uint64_t *own = &prom_series_at(registry, number)->created;
    uint64_t flags = atomic_load_explicit(own, memory_order_relaxed) & PROM_SERIES_WOKEN;
    atomic_store_explicit(own, created | flags, memory_order_relaxed);
}

/* The series that an alias is shown as, or PROM_SERIES_NONE if it is no alias. Only for the checkpoint's thread. */
static inline uint32_t prom_series_alias_of(const struct prom_series *series)
{
    return series->standing.state == PROM_STATE_ALIAS ? series->standing.alias_of : PROM_SERIES_NONE;
}

static inline uint32_t prom_registry_count(const struct prom_registry *registry)
{
    return atomic_load_explicit(&registry->count, memory_order_acquire);
}

static inline bool prom_registry_is_full(const struct prom_registry *registry)
{
    return !atomic_load_explicit(&registry->room, memory_order_acquire);
}

/* The cell in a word of the key, or NULL. */
static inline struct fx_cell *prom_key_cell(const struct prom_registry *registry, const uint64_t *key, unsigned word)
{
    uint64_t value = __atomic_load_n(&key[word], __ATOMIC_ACQUIRE);
    bool is_cell = registry->text_words >> word & 1 && !(value & PROM_KEY_TEXT);
    return is_cell ? (struct fx_cell *)(uintptr_t)value : NULL;
}

static inline bool prom_key_equal(const uint64_t *a, const uint64_t *b, unsigned words)
{
    uint64_t difference = 0;
    for (unsigned i = 0; i < words; i++) /* a's words may be changing: registry.c, wake() */
        difference |= __atomic_load_n(&a[i], __ATOMIC_RELAXED) ^ b[i];
    return difference == 0;
}

/* The key's number, or PROM_SERIES_NONE. Any worker, no lock. */
static inline uint32_t prom_registry_find(const struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    struct prom_probe probe = prom_probe_start(&registry->table, hash);
    uint32_t number;
    while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE)
        if (prom_key_equal(prom_series_at(registry, number)->key, key, registry->words))
            break;
    return number;
}

/* Prefetches the memory that find will probably look at. */
static inline void prom_registry_fetch(const struct prom_registry *registry, uint32_t number)
{
    const uint64_t *key = prom_series_at(registry, number)->key;
    __builtin_prefetch(key);
    __builtin_prefetch(key + registry->words - 1);
}

/* For callers that do not hold the lock: the series may be getting its cells at this moment. */
static inline void prom_key_copy(const struct prom_registry *registry, const uint64_t *key, uint64_t *copy)
{
    for (unsigned i = 0; i < registry->words; i++)
        copy[i] = __atomic_load_n(&key[i], __ATOMIC_ACQUIRE);
}

/* Whether the word of the key waits for its cell. */
static inline bool prom_key_waits(const struct prom_registry *registry, const uint64_t *key, unsigned word)
{
    const uint64_t waits = PROM_KEY_TEXT | PROM_KEY_WAITING;
    return registry->text_words >> word & 1 && (__atomic_load_n(&key[word], __ATOMIC_RELAXED) & waits) == waits;
}

/*
 * The key's number; a new series keeps its cells. PROM_OTHER_SERIES when there are too many series, or without
 * memory. An existing series is always found. When all numbers are taken, no lock is needed to know that no series
 * can be added.
 */
uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash);
/* Like prom_registry_get, but a new series takes one of the places. Without a place the result is PROM_OTHER_SERIES. */
uint32_t prom_registry_get_in_place(struct prom_registry *registry, const uint64_t *key, uint32_t hash,
                                    _Atomic uint32_t *places);
/* Like prom_registry_get, but no new series is made. */
uint32_t prom_registry_get_old(struct prom_registry *registry, const uint64_t *key, uint32_t hash);

/* Like prom_registry_get, for a key that may wait for cells. The series may have got those cells already. */
uint32_t prom_registry_restore(struct prom_registry *registry, const uint64_t *key);

/* Where a series is found: all that is needed to take it out. */
struct prom_registry_place {
    uint32_t number, hash, waiting_hash;
    bool has_waiting;
};
/* May run beside workers. The caller holds the lock. */
void prom_registry_locate(const struct prom_registry *registry, struct prom_registry_place *place);
/*
 * Call while nobody looks up or adds. The key becomes free: its next record makes a new series. False: the series
 * has got its cells since it was located. The series itself stays as it is until it is given back.
 */
bool prom_registry_take_out(struct prom_registry *registry, const struct prom_registry_place *place);
/*
 * Call when nobody reads the series any more. Releases its cells and texts; its number can then be given again. 0,
 * or -1 without memory.
 */
int prom_registry_give_back(struct prom_registry *registry, uint32_t number);
/* How many numbers could be given again until the next call, including those given again since the last call. */
size_t prom_registry_may_give_again(struct prom_registry *registry);
/* Appends the numbers that were given again since the last call. Call while nobody adds. to has room for all series. */
size_t prom_registry_given_again(struct prom_registry *registry, uint32_t *to);

#endif
