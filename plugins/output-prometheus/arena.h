/* Memory for texts that live as long as their owner: cut from blocks, freed all at once. One thread at a time. */
#ifndef OUTPUT_PROMETHEUS_ARENA_H
#define OUTPUT_PROMETHEUS_ARENA_H

#include <stddef.h>

/* Behind each text so many bytes can be read. */
#define PROM_ARENA_SLACK 32

struct prom_arena {
    char *at;
    size_t left;
    void *blocks; /* each begins with the address of the one before */
};

/* Zero-initialised is empty. size bytes, aligned for a 32-bit number; NULL without memory. */
void *prom_arena_alloc(struct prom_arena *arena, size_t size);
void prom_arena_fini(struct prom_arena *arena);

#endif
