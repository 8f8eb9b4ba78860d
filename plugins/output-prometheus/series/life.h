/*
 * The life of series. This file alone writes as what a series is shown and since when, and which series of a metric have ended
 * and have come again.
 *
 *   held    it counts, and no page shows it: its names are not known yet
 *   shown   by a label text of its own, from a checkpoint on
 *   alias   its value is shown with another series
 *
 * Any of them can end: it is taken out in a cut (expire.h). The checkpoint's prepare then sees the end, after that the log has it,
 * and when no page shows a cut with the series any more its number can be given again, to another series.
 *
 * Who makes a series holds it back; all else is the checkpoint's owner's. Pages read the standing of series in their cut.
 */
#ifndef OUTPUT_PROMETHEUS_LIFE_H
#define OUTPUT_PROMETHEUS_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prom_registry;

/* ---- one series */

enum prom_state { PROM_STATE_HELD, PROM_STATE_SHOWN, PROM_STATE_ALIAS };

/* The rest is written before text, which is what pages look at. */
struct prom_standing {
    _Atomic(const char *) text;         /* shown: the values of its labels (line.h), for ever. Else NULL */
    uint32_t state : 2, text_size : 30; /* enum prom_state */
    union {                             /* by the state: */
        uint32_t held_ms;               /* since when, cut to 32 bits */
        uint32_t checkpoint;            /* the first one with it, cut to 32 bits */
        uint32_t alias_of;              /* the number of the other series */
    };
};
#define PROM_STANDING_TEXT_MAX ((UINT32_C(1) << 30) - 1)

static inline void prom_standing_hold(struct prom_standing *standing, int64_t now_ms)
{
    atomic_store_explicit(&standing->text, NULL, memory_order_relaxed);
    standing->state = PROM_STATE_HELD;
    standing->text_size = 0;
    standing->held_ms = (uint32_t)now_ms;
}

/* The text stays where it is until the series' number is given back. */
static inline void prom_standing_show(struct prom_standing *standing, const char *text, size_t size,
                                      uint64_t checkpoint)
{
    standing->state = PROM_STATE_SHOWN;
    standing->text_size = (uint32_t)size & PROM_STANDING_TEXT_MAX;
    standing->checkpoint = (uint32_t)checkpoint;
    atomic_store_explicit(&standing->text, text, memory_order_release);
}

static inline void prom_standing_make_alias(struct prom_standing *standing, uint32_t of)
{
    standing->state = PROM_STATE_ALIAS;
    standing->alias_of = of;
}

/* The text by which it is shown, in whatever cut, or NULL. Any thread. */
static inline const char *prom_standing_text(const struct prom_standing *standing)
{
    return atomic_load_explicit(&standing->text, memory_order_acquire);
}

/* The same for the page of a cut: what was shown later is not on it. */
static inline const char *prom_standing_text_in(const struct prom_standing *standing, uint64_t cut)
{
    const char *text = prom_standing_text(standing);
    return text && standing->checkpoint <= (uint32_t)cut ? text : NULL;
}

/* It is shown, or an alias: its text is not asked for any more. */
static inline bool prom_standing_is_settled(const struct prom_standing *standing)
{
    return standing->state != PROM_STATE_HELD;
}

/* For so many ms it has been held back. */
static inline uint32_t prom_standing_held_for(const struct prom_standing *standing, int64_t now_ms)
{
    return standing->state == PROM_STATE_HELD ? (uint32_t)now_ms - standing->held_ms : 0;
}

/* ---- the series of a metric */

struct prom_ending {
    uint32_t number;
    bool is_displaced; /* by a heavier one (top.h) */
    uint64_t cut;      /* the first without it */
};

struct prom_life {
    uint8_t *flags;              /* by series; life.c */
    size_t known;                /* series that these have room for */
    size_t gone;                 /* that have ended, and whose numbers were not given again */
    struct prom_ending *endings; /* taken out and not given back, the oldest first */
    size_t ending_count, ending_capacity;
    size_t seen, logged; /* of them, by prepare; of those, by the log */
    uint32_t *again;     /* numbers that were given again */
    size_t again_count, again_capacity, again_seen;
};

void prom_life_fini(struct prom_life *life);
/* Room for count series. 0, or -1 without memory. */
int prom_life_reserve(struct prom_life *life, size_t count);

/* It has ended, and its number was not given again. */
bool prom_life_is_gone(const struct prom_life *life, uint32_t number);
/* It lives, and its value is nobody else's: it may end. */
bool prom_life_may_end(const struct prom_life *life, uint32_t number);
/* Its value is shown with another one's, or the other way round: it stays. 0, or -1 without memory. */
int prom_life_tie(struct prom_life *life, uint32_t number);

/* ---- in the order of a checkpoint */

/* Before the cut: room for so many ends, and for all numbers that can be given again until then. 0, or -1 without memory. */
int prom_life_before_cut(struct prom_life *life, struct prom_registry *registry, size_t ends);
/* In the cut: which numbers were given again since the last one. 0, or -1: there is no room, so there can be no cut. */
int prom_life_note_again(struct prom_life *life, struct prom_registry *registry);
/* In the cut: the series was taken out of the registry. */
void prom_life_end(struct prom_life *life, uint32_t number, uint64_t cut, bool is_displaced);

/* In prepare: the next end that it has not seen; the series is gone from now on. NULL: there is none. */
const struct prom_ending *prom_life_see_end(struct prom_life *life);
/* In prepare: the next number that was given again and that it has not seen; and: it lives from now on. False: there is none. */
bool prom_life_peek_again(const struct prom_life *life, uint32_t *number);
void prom_life_see_again(struct prom_life *life);
/* When the log is written: the next end that prepare has seen and the log has not. NULL: there is none. */
const struct prom_ending *prom_life_log_end(struct prom_life *life);

/*
 * Before a later cut: the end at index of those that no page and no cut from oldest on shows, and that the log has. NULL: there
 * are no more. And: the first count ends are over.
 */
const struct prom_ending *prom_life_over(const struct prom_life *life, size_t index, uint64_t oldest);
void prom_life_forget(struct prom_life *life, size_t count);

/* ---- restore */

/* Room for one more end. 0, or -1 without memory. And: the log has an end, of a series that was taken out of the registry. */
int prom_life_reserve_end(struct prom_life *life, uint32_t number);
void prom_life_restore_end(struct prom_life *life, uint32_t number, uint64_t cut);
/* The log has a series with this number, which may have been an ended one's. */
void prom_life_restore_begin(struct prom_life *life, uint32_t number);
/* All was read. */
void prom_life_restored(struct prom_life *life, struct prom_registry *registry);

#endif
