/* Arrays that grow so much at a time that adding item by item stays cheap. Only their owner's thread. */
#ifndef OUTPUT_PROMETHEUS_GROW_H
#define OUTPUT_PROMETHEUS_GROW_H

#include <stddef.h>

/*
 * The array with room for wanted items. NULL without memory: then the array and *capacity stay as they are. New
 * items are not set.
 */
void *prom_grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes);

/* Makes room for wanted items in the array that the variable items points to. 0, or -1 without memory. */
#define PROM_GROW(items, capacity, wanted)                                                                             \
    __extension__({                                                                                                    \
        void *prom_grown = prom_grow((items), (capacity), (wanted), sizeof *(items));                                  \
        if (prom_grown)                                                                                                \
            (items) = prom_grown;                                                                                      \
        prom_grown ? 0 : -1;                                                                                           \
    })

#endif
