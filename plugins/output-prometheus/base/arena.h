/*
 * Memory for texts, cut from blocks that are freed all at once. A text that is given back makes room for one of its
 * size. One thread at a time.
 */
#ifndef OUTPUT_PROMETHEUS_ARENA_H
#define OUTPUT_PROMETHEUS_ARENA_H

#include <stddef.h>

/* This many bytes behind each text can be read. */
#define PROM_ARENA_SLACK 32

struct prom_arena_holes;

struct prom_arena {
    char *at;
    size_t left;
    void *blocks;                   /* each block begins with the address of the one before */
    struct prom_arena_holes *holes; /* NULL until something is given back */
};

/* A zero-initialised arena is empty. Gives size bytes, aligned for a 32-bit number, or NULL without memory. */
void *prom_arena_alloc(struct prom_arena *arena, size_t size);
/* Gives a text back; size as in prom_arena_alloc. */
void prom_arena_give(struct prom_arena *arena, void *text, size_t size);
void prom_arena_fini(struct prom_arena *arena);

#endif
