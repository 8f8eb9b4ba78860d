/* Doubles as text. Any thread; the locale is C, which nobody changes. */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every decimal of 15 digits survives the way through a double, and 17 tell all doubles apart. */
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
