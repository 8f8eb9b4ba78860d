/*
 * Memory for texts: cut from blocks, which are freed all at once. A text that is given back makes room for one of its
 * size. One thread at a time.
 */
#ifndef OUTPUT_PROMETHEUS_ARENA_H
#define OUTPUT_PROMETHEUS_ARENA_H

#include <stddef.h>

/* Behind each text so many bytes can be read. */
#define PROM_ARENA_SLACK 32

struct prom_arena_holes;

struct prom_arena {
    char *at;
    size_t left;
    void *blocks;                   /* each begins with the address of the one before */
    struct prom_arena_holes *holes; /* from the first time on that something is given back */
};

/* Zero-initialised is empty. size bytes, aligned for a 32-bit number; NULL without memory. */
void *prom_arena_alloc(struct prom_arena *arena, size_t size);
/* Gives it back, with the size that was asked for. */
void prom_arena_give(struct prom_arena *arena, void *text, size_t size);
void prom_arena_fini(struct prom_arena *arena);

#endif
