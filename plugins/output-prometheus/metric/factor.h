/*
 * A metric's factor. Sums are counted as whole numbers, and multiplied when they are printed. The product is printed
 * exactly, with all its digits: only the reader of the page rounds. Any thread.
 */
#ifndef OUTPUT_PROMETHEUS_FACTOR_H
#define OUTPUT_PROMETHEUS_FACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_FACTOR_LEAST 1e-12
#define PROM_FACTOR_MOST  1e12
#define PROM_PRODUCT_MAX  48 /* bytes of a printed product */

/* digits / 10^decimals: exactly the number that was written. */
struct prom_factor {
    double number;
    uint64_t digits;
    unsigned decimals;
};

/* False: number is no factor. Factors are between LEAST and MOST. */
bool prom_factor_init(struct prom_factor *factor, double number);

static inline bool prom_factor_is_one(const struct prom_factor *factor)
{
    return factor->digits == 1 && factor->decimals == 0;
}

/* Writes number times the factor, without NUL. Gives the number of bytes. */
size_t prom_factor_print(char to[PROM_PRODUCT_MAX], const struct prom_factor *factor, uint64_t number);

/*
 * The largest number whose product with the factor is at most bound, which is not below 0. If all products are, the
 * largest number of all.
 */
uint64_t prom_factor_most(const struct prom_factor *factor, double bound);

#endif
