/* Numbers as text. Any thread. The locale is C, and nobody changes it. */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every decimal of 15 digits survives the conversion to a double and back. 17 digits tell all doubles apart. */
#define DIGITS_FEW  15
#define DIGITS_MANY 17

static int print_special(char to[PROM_DOUBLE_MAX], double number)
{
    if (isfinite(number))
        return 0;
    snprintf(to, PROM_DOUBLE_MAX, "%s", isnan(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf");
    return 1;
}

void prom_number_double(char to[PROM_DOUBLE_MAX], double number)
{
    if (print_special(to, number))
        return;
    int digits = DIGITS_FEW;
    do
        snprintf(to, PROM_DOUBLE_MAX, "%.*g", digits, number);
    while (digits++ < DIGITS_MANY && strtod(to, NULL) != number);
}

void prom_number_bound(char to[PROM_DOUBLE_MAX], double number)
{
    if (print_special(to, number))
        return;
    int digits = 0, exponent = 0;
    do
        snprintf(to, PROM_DOUBLE_MAX, "%.*e", digits, number);
    while (digits++ < DIGITS_MANY && strtod(to, NULL) != number);
    digits -= 1; /* behind the point */
    exponent = atoi(strchr(to, 'e') + 1);
    if (exponent >= -4 && exponent < 6)
        snprintf(to, PROM_DOUBLE_MAX, "%.*f", digits - exponent > 1 ? digits - exponent : 1, number);
}

static unsigned digits_of(uint64_t number)
{
    static const uint64_t powers[] = {0,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      UINT64_C(10000000000000000000)};
    /* 1233/4096 is a little more than log10(2). */
    unsigned guess = (64U - (unsigned)__builtin_clzll(number | 1)) * 1233 >> 12;
    return guess + (number >= powers[guess]);
}

size_t prom_number_whole(char *to, uint64_t number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    unsigned digits = digits_of(number);
    char *at = to + digits;
    while (number >= 100) {
        at -= 2;
        memcpy(at, &pairs[number % 100 * 2], 2);
        number /= 100;
    }
    if (number >= 10)
        memcpy(to, &pairs[number * 2], 2);
    else
        *to = (char)('0' + number);
    return digits;
}
