/*
 * Names that change after their series were shown, with late_names: rename. The new text gets a series of its own,
 * with the names as plain texts in its key. From the first cut that has the new series, the value of the old series
 * is moved to it. So no byte is lost or counted twice, and the old line is gone. Only the checkpoint's thread calls
 * these functions.
 */
#ifndef OUTPUT_PROMETHEUS_RENAME_H
#define OUTPUT_PROMETHEUS_RENAME_H

#include <stddef.h>
#include <stdint.h>

struct prom_store;
struct prom_family;

#define PROM_RENAME_NONE UINT32_MAX

/* All zero: nothing was renamed. The arrays are by series, for known series. */
struct prom_rename {
    uint32_t cursor;    /* the next to look at */
    uint32_t *holder;   /* for a series with cells: the series that has its value now */
    uint32_t *redirect; /* for any series: where its value went last, or PROM_RENAME_NONE */
    uint32_t *owner; /* for a series made for a name: the series with cells whose value it got in a restore, or none */
    size_t known;
};

void prom_rename_fini(struct prom_rename *rename);

/* Where the value of a series goes, or PROM_RENAME_NONE. */
static inline uint32_t prom_rename_target(const struct prom_rename *rename, uint32_t number)
{
    return number < rename->known ? rename->redirect[number] : PROM_RENAME_NONE;
}

/*
 * The value of a series goes to another one, as an earlier run has logged. Call in the order in which the values
 * went, since a name can come back. 0, or -1 without memory.
 */
int prom_rename_restore(struct prom_family *family, uint32_t number, uint32_t to);

/* Looks at some of the series below count, so that all have their turn, and begins the renames that are due. */
void prom_rename_series(struct prom_store *store, unsigned family, uint32_t count);

#endif
