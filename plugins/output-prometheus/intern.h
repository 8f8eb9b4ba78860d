/*
 * Texts to numbers: the same text has the same number for all workers. Each
 * worker keeps a table of its own and takes the lock for a new text only.
 */
#ifndef OUTPUT_PROMETHEUS_INTERN_H
#define OUTPUT_PROMETHEUS_INTERN_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct prom_text {
    uint32_t size;
    char data[];
};

/* Open addressing over texts that are owned elsewhere. */
struct prom_text_table {
    struct prom_text_slot {
        uint32_t hash;
        uint32_t number; /* plus one; 0: free */
    } * slots;
    size_t mask, count;
};

/* All texts, by number. The array of chunks never moves, so a number that was handed out is read without the lock. */
#define PROM_TEXT_CHUNK  1024
#define PROM_TEXT_CHUNKS 65536
struct prom_intern {
    pthread_mutex_t lock;
    struct prom_text ***chunks;
    uint32_t count;
    struct prom_text_table table;
};

int prom_intern_init(struct prom_intern *intern);
void prom_intern_fini(struct prom_intern *intern);
const struct prom_text *prom_intern_text(const struct prom_intern *intern, uint32_t number);

/* The text's number by the worker's own table, or by the shared one. UINT32_MAX without memory. */
uint32_t prom_intern_get(struct prom_intern *intern, struct prom_text_table *own, const char *text, size_t size);

void prom_text_table_fini(struct prom_text_table *table);

#endif
