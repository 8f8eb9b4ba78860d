/* Arrays that grow. */
#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>

void *prom_grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes)
{
    if (wanted <= *capacity && items)
        return items;
    size_t bigger = wanted + wanted / 4 + 64;
    if (bigger < wanted || bigger > SIZE_MAX / item_bytes)
        return NULL;
    void *grown = realloc(items, bigger * item_bytes);
    if (grown)
        *capacity = bigger;
    return grown;
}
