/* Numbers as text. One that is not whole is the shortest that reads as the same double. Any thread. */
#ifndef OUTPUT_PROMETHEUS_NUMBER_H
#define OUTPUT_PROMETHEUS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define PROM_DOUBLE_MAX 32 /* with the NUL */
#define PROM_NUMBER_MAX 20 /* digits of a 64-bit number */

/* Writes the digits, no NUL; gives their number. */
size_t prom_number_whole(char *to, uint64_t number);

/* A value: 0.25, 1e+20, NaN, +Inf, -Inf. */
void prom_number_double(char to[PROM_DOUBLE_MAX], double number);

/* The bound of a bucket, which is a label and has one way to be written (OpenMetrics 1.0, canonical numbers): 0.25, 1.0, 1e+06, +Inf. */
void prom_number_bound(char to[PROM_DOUBLE_MAX], double number);

#endif
