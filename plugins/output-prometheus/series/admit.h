/*
 * Which series are shown. A new series is held back until its names are known. Then it gets its label text, once and
 * for ever. Two keys can lead to the same text: a name that is unknown and a name that is absent. The second series
 * is then an alias, and its value is shown with the first. Only the checkpoint's thread calls these functions.
 */
#ifndef OUTPUT_PROMETHEUS_ADMIT_H
#define OUTPUT_PROMETHEUS_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/table.h"

struct prom_store;
struct prom_family;

struct prom_alias {
    uint32_t number, shown_as;
};

struct prom_admit {
    uint32_t next; /* series from here on were not looked at yet */
    uint32_t *held;
    size_t held_count, held_capacity;
    struct prom_alias *aliases;
    size_t alias_count, alias_capacity;
    struct prom_table shown; /* series by text */
    struct prom_arena texts;
    struct prom_buffer scratch;
    uint32_t *fresh; /* series that became shown or an alias since prom_admit_forget_fresh */
    size_t fresh_count, fresh_capacity;
    bool fresh_lost;    /* there was no memory to note one: any series may be fresh */
    uint32_t info_next; /* series from here on were not asked for their names yet */
    uint32_t *unnamed;  /* series that waited for cells when they were asked */
    size_t unnamed_count, unnamed_capacity;
};

/* admit is zero-initialised. 0, or -1 without memory. The caller frees in both cases. */
int prom_admit_init(struct prom_admit *admit);
void prom_admit_fini(struct prom_admit *admit);

/*
 * Looks at the series below count that are not shown yet. A series that can be shown is shown from this checkpoint
 * on. Gives the number of series that stay held back.
 */
size_t prom_admit_series(const struct prom_store *store, struct prom_family *family, uint32_t count,
                         uint64_t checkpoint, int64_t now_ms);

void prom_admit_forget_fresh(struct prom_admit *admit);

/*
 * For a restored series: it is shown with these values in any checkpoint, or it is shown as another series. The next
 * checkpoint looks at series that are neither. 0, or -1 without memory.
 */
int prom_admit_restore_text(struct prom_family *family, uint32_t number, const char *values, size_t size);
int prom_admit_restore_alias(struct prom_family *family, uint32_t number, uint32_t shown_as);
void prom_admit_restart(struct prom_admit *admit);

/* The number was given again: its series is looked at like a new one. 0, or -1 without memory. */
int prom_admit_again(struct prom_admit *admit, uint32_t number, bool has_names);
/* The series has ended: its text is free for another one. */
void prom_admit_unshow(struct prom_family *family, uint32_t number);

/* With the option as_info: adds the names, known by now, of series below count. Without memory they are added later. */
void prom_admit_names(struct prom_store *store, struct prom_family *family, uint32_t count);

/* From now on the value of a shown series is moved to another shown one, in the order of these calls. 0, or -1. */
int prom_admit_redirect(struct prom_family *family, uint32_t number, uint32_t to);

/* Moves the values of aliases to the series that they are shown as, and the values of renamed series. */
void prom_admit_merge(const struct prom_family *family, uint64_t *values, size_t count);

#endif
