/*
 * Names that change after their series were shown, with late_names: rename. The series of a new text is one of its
 * own, with the names as plain texts in its key; from the first cut on that it is in, the value of the old one is
 * moved to it, so that no byte is lost or counted twice, and the old line is gone. The checkpoint's owner's.
 */
#ifndef OUTPUT_PROMETHEUS_RENAME_H
#define OUTPUT_PROMETHEUS_RENAME_H

#include <stddef.h>
#include <stdint.h>

struct prom_store;
struct prom_family;

#define PROM_RENAME_NONE UINT32_MAX

/* All zero: nothing was renamed. The arrays are by series, as far as known. */
struct prom_rename {
    uint32_t cursor;    /* the next to look at */
    uint32_t *holder;   /* of a series with cells: the one that has its value now */
    uint32_t *redirect; /* of any: where its value went last, or PROM_RENAME_NONE */
    uint32_t
        *owner; /* of one that was made for a name: the series with cells whose value it got in a restore, or none */
    size_t known;
};

void prom_rename_fini(struct prom_rename *rename);

/* Where the value of a series goes, or PROM_RENAME_NONE. */
static inline uint32_t prom_rename_target(const struct prom_rename *rename, uint32_t number)
{
    return number < rename->known ? rename->redirect[number] : PROM_RENAME_NONE;
}

/*
 * The value of a series goes to another one, as is known from an earlier run; in the order in which it went, since a
 * name can come back. 0, or -1 without memory.
 */
int prom_rename_restore(struct prom_family *family, uint32_t number, uint32_t to);

/* Looks at some of the series below count, all of them in turn, and begins what is to be renamed. */
void prom_rename_series(struct prom_store *store, unsigned family, uint32_t count);

#endif
