/* Arrays that grow, by so much that adding one item after the other stays cheap. Their owner's thread. */
#ifndef OUTPUT_PROMETHEUS_GROW_H
#define OUTPUT_PROMETHEUS_GROW_H

#include <stddef.h>

/* The array with room for wanted items, or NULL without memory: then it and *capacity stay as they are. What is new in it is not set. */
void *prom_grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes);

/* Sees to it that the array that the variable items points to has room for wanted ones. 0, or -1 without memory. */
#define PROM_GROW(items, capacity, wanted)                                                                             \
    __extension__({                                                                                                    \
        void *prom_grown = prom_grow((items), (capacity), (wanted), sizeof *(items));                                  \
        if (prom_grown)                                                                                                \
            (items) = prom_grown;                                                                                      \
        prom_grown ? 0 : -1;                                                                                           \
    })

#endif
