/*
 * The life of series. This file alone writes how a series is shown and since when. It also writes which series of a
 * metric have ended, and which have come again.
 *
 *   held    the series counts, but no page shows it: its names are not known yet
 *   shown   by a label text of its own, from one checkpoint on
 *   alias   its value is shown with another series
 *
 * Any series can end: it is taken out in a cut (expire.h). The checkpoint's prepare then sees the end, and
 * afterwards the log has it. When no page shows a cut with the series any more, its number can be given to another
 * series.
 *
 * The thread that makes a series holds the series back. Only the checkpoint's thread calls the rest. Pages read the
 * standing of the series in their cut.
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

/* Pages look at text, so the rest is written before it. */
struct prom_standing {
    _Atomic(const char *) text;         /* shown: the values of its labels (line.h), for ever. Otherwise NULL */
    uint32_t state : 2, text_size : 30; /* enum prom_state */
    union {                             /* depends on the state: */
        uint32_t held_ms;               /* held since when, cut to 32 bits */
        uint32_t checkpoint;            /* the first checkpoint that shows it, cut to 32 bits */
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

/* The text by which the series is shown, in any cut, or NULL. Any thread. */
static inline const char *prom_standing_text(const struct prom_standing *standing)
{
    return atomic_load_explicit(&standing->text, memory_order_acquire);
}

/* Like prom_standing_text, but for the page of one cut: NULL if the series was shown only later. */
static inline const char *prom_standing_text_in(const struct prom_standing *standing, uint64_t cut)
{
    const char *text = prom_standing_text(standing);
    return text && standing->checkpoint <= (uint32_t)cut ? text : NULL;
}

/* The series is shown, or is an alias: its text is final. */
static inline bool prom_standing_is_settled(const struct prom_standing *standing)
{
    return standing->state != PROM_STATE_HELD;
}

/* For how many ms the series has been held back. */
static inline uint32_t prom_standing_held_for(const struct prom_standing *standing, int64_t now_ms)
{
    return standing->state == PROM_STATE_HELD ? (uint32_t)now_ms - standing->held_ms : 0;
}

/* ---- the series of a metric */

struct prom_ending {
    uint32_t number;
    bool is_displaced; /* ended by a heavier series (top.h) */
    uint64_t cut;      /* the first cut without the series */
};

struct prom_life {
    uint8_t *flags;              /* one for each series; life.c */
    size_t known;                /* series that these arrays have room for */
    size_t gone;                 /* series that have ended and whose numbers were not given again */
    struct prom_ending *endings; /* series taken out and not given back, the oldest first */
    size_t ending_count, ending_capacity;
    size_t seen, logged; /* of endings: how many prepare has seen; of those, how many the log has */
    uint32_t *again;     /* numbers that were given again */
    size_t again_count, again_capacity, again_seen;
};

void prom_life_fini(struct prom_life *life);
/* Makes room for count series. 0, or -1 without memory. */
int prom_life_reserve(struct prom_life *life, size_t count);

/* The series has ended, and its number was not given again. */
bool prom_life_is_gone(const struct prom_life *life, uint32_t number);
/* The series lives, and its value is shown with no other series: it may end. */
bool prom_life_may_end(const struct prom_life *life, uint32_t number);
/* The series shares its value with another one, in either direction, so it must not end. 0, or -1 without memory. */
int prom_life_tie(struct prom_life *life, uint32_t number);

/* ---- in the order of a checkpoint */

/*
 * Before the cut: makes room for so many ends, and for all numbers that can be given again until the cut. 0, or -1
 * without memory.
 */
int prom_life_before_cut(struct prom_life *life, struct prom_registry *registry, size_t ends);
/*
 * In the cut: notes which numbers were given again since the last cut. 0, or -1 if there is no room: then there can
 * be no cut.
 */
int prom_life_note_again(struct prom_life *life, struct prom_registry *registry);
/* In the cut: the series was taken out of the registry. */
void prom_life_end(struct prom_life *life, uint32_t number, uint64_t cut, bool is_displaced);

/* In prepare: the next end that prepare has not seen. The series is gone from now on. NULL: there is none. */
const struct prom_ending *prom_life_see_end(struct prom_life *life);
/*
 * In prepare: peek gives the next number that was given again and that prepare has not seen. False: there is none.
 * The second function notes that the series with this number lives from now on.
 */
bool prom_life_peek_again(const struct prom_life *life, uint32_t *number);
void prom_life_see_again(struct prom_life *life);
/* When the log is written: the next end that prepare has seen and the log has not. NULL: there is none. */
const struct prom_ending *prom_life_log_end(struct prom_life *life);

/*
 * Before a later cut: one of the ends that the log has, and that no page and no cut from oldest on shows. index
 * counts from the first of them. NULL: there are no more. The second function drops the first count ends.
 */
const struct prom_ending *prom_life_over(const struct prom_life *life, size_t index, uint64_t oldest);
void prom_life_forget(struct prom_life *life, size_t count);

/* ---- restore */

/*
 * prom_life_reserve_end makes room for one more end: 0, or -1 without memory. prom_life_restore_end notes an end
 * that the log has, of a series that was taken out of the registry.
 */
int prom_life_reserve_end(struct prom_life *life, uint32_t number);
void prom_life_restore_end(struct prom_life *life, uint32_t number, uint64_t cut);
/* The log has a series with this number. The number may have belonged to a series that has ended. */
void prom_life_restore_begin(struct prom_life *life, uint32_t number);
/* Call when the whole log was read. */
void prom_life_restored(struct prom_life *life, struct prom_registry *registry);

#endif
