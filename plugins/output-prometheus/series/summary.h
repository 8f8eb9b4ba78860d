/*
 * Which keys bring the most, in memory of a fixed size. This is a weighted Misra-Gries summary. When there are too
 * few counters, they are lowered by their median (Anderson and others, "A High-Performance Algorithm for Identifying
 * Frequent Items in Data Streams", 2017). For each key: weight <= what it brought <= weight + lowered, and lowered
 * is at most twice total / counters. Both hold over any number of merges and scalings. An addition takes constant
 * time on average, and no memory. One thread at a time.
 */
#ifndef OUTPUT_PROMETHEUS_SUMMARY_H
#define OUTPUT_PROMETHEUS_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

struct prom_counter {
    uint64_t key; /* 0: the place is free */
    double weight;
};

struct prom_summary {
    struct prom_counter *places; /* open addressing */
    struct prom_counter *scratch;
    size_t place_count; /* a power of two */
    size_t limit, count;
    uint64_t seed;         /* so that nobody can choose keys that share places */
    double total, lowered; /* total of all additions; what any key may have lost */
};

/* 0, or -1 without memory. The caller frees in both cases. A zero-initialised summary can be freed as well. */
int prom_summary_init(struct prom_summary *summary, size_t counters, uint64_t seed);
void prom_summary_fini(struct prom_summary *summary);

/* key is not 0. */
void prom_summary_add(struct prom_summary *summary, uint64_t key, double weight);
/* Adds all of from, which is empty afterwards. */
void prom_summary_merge(struct prom_summary *summary, struct prom_summary *from);
/* Multiplies all weights by factor, from 0 to 1. */
void prom_summary_scale(struct prom_summary *summary, double factor);
/* prom_summary_get gives the key's weight, or 0. prom_summary_take also removes the key. */
double prom_summary_get(const struct prom_summary *summary, uint64_t key);
double prom_summary_take(struct prom_summary *summary, uint64_t key);
void prom_summary_clear(struct prom_summary *summary);
/*
 * Writes the keys that are heavier than least to to, the heaviest first. to has room for all counters. Gives their
 * number, at most max.
 */
size_t prom_summary_top(const struct prom_summary *summary, double least, struct prom_counter *to, size_t max);

#endif
