/* Factors as decimals: the number as it was written, without a double's error. */
#include "metric/factor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define SIGNIFICANT_MAX 17 /* enough to tell all doubles apart */

__extension__ typedef unsigned __int128 uint128;

/* digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* The shortest decimal that reads as the number, which is finite and not below 0. */
static struct decimal decimal_of(double number)
{
    char text[PROM_DOUBLE_MAX];
    int behind = 0;
    do
        snprintf(text, sizeof text, "%.*e", behind, number);
    while (++behind < SIGNIFICANT_MAX && strtod(text, NULL) != number);
    struct decimal decimal = {.exponent = atoi(strchr(text, 'e') + 1)};
    bool is_behind = false;
    for (const char *at = text; *at != 'e'; at++) {
        if (*at == '.') {
            is_behind = true;
            continue;
        }
        decimal.digits = decimal.digits * 10 + (uint64_t)(*at - '0');
        decimal.exponent -= is_behind;
    }
    return decimal;
}

/* False: the product is too large. */
static bool times_ten(uint128 *number, int times)
{
    for (; times > 0; times--) {
        if (*number > ~(uint128)0 / 10)
            return false;
        *number *= 10;
    }
    return true;
}

bool prom_factor_init(struct prom_factor *factor, double number)
{
    if (!(number >= PROM_FACTOR_LEAST && number <= PROM_FACTOR_MOST))
        return false;
    struct decimal decimal = decimal_of(number);
    for (; decimal.exponent < 0 && decimal.digits % 10 == 0; decimal.exponent++)
        decimal.digits /= 10;
    for (; decimal.exponent > 0; decimal.exponent--)
        decimal.digits *= 10; /* at most MOST */
    *factor = (struct prom_factor){number, decimal.digits, (unsigned)-decimal.exponent};
    return true;
}

/* The product has at most 37 digits, 28 of them behind the point. */
size_t prom_factor_print(char to[PROM_PRODUCT_MAX], const struct prom_factor *factor, uint64_t number)
{
    char reversed[PROM_PRODUCT_MAX];
    uint128 product = (uint128)number * factor->digits;
    unsigned decimals = factor->decimals;
    for (; decimals && product % 10 == 0; decimals--)
        product /= 10;
    if (!decimals && product <= UINT64_MAX)
        return prom_number_whole(to, (uint64_t)product);
    size_t size = 0;
    for (unsigned digit = 0; product || digit <= decimals; digit++) {
        if (digit == decimals && digit)
            reversed[size++] = '.';
        reversed[size++] = (char)('0' + (int)(product % 10));
        product /= 10;
    }
    for (size_t i = 0; i < size; i++)
        to[i] = reversed[size - 1 - i];
    return size;
}

uint64_t prom_factor_most(const struct prom_factor *factor, double bound)
{
    struct decimal decimal = decimal_of(bound);
    int shift = decimal.exponent + (int)factor->decimals;
    uint128 above = decimal.digits, below = factor->digits;
    if (decimal.digits == 0)
        return 0;
    if (!times_ten(&above, shift))
        return UINT64_MAX; /* below has 17 digits */
    if (!times_ten(&below, -shift))
        return 0; /* above has 17 digits */
    return above / below > UINT64_MAX ? UINT64_MAX : (uint64_t)(above / below);
}
