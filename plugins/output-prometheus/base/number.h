/*
 * Numbers as text. A number that is not whole is written as the shortest text that reads as the same double. Any
 * thread.
 */
#ifndef OUTPUT_PROMETHEUS_NUMBER_H
#define OUTPUT_PROMETHEUS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define PROM_DOUBLE_MAX 32 /* including the NUL */
#define PROM_NUMBER_MAX 20 /* digits of a 64-bit number */

/* Writes the digits, without NUL. Gives their number. */
size_t prom_number_whole(char *to, uint64_t number);

/* A value: 0.25, 1e+20, NaN, +Inf, -Inf. */
void prom_number_double(char to[PROM_DOUBLE_MAX], double number);

/*
 * The bound of a bucket. As a label it has only one spelling (OpenMetrics 1.0, canonical numbers): 0.25, 1.0, 1e+06,
 * +Inf.
 */
void prom_number_bound(char to[PROM_DOUBLE_MAX], double number);

#endif
