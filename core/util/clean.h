/* Text from elsewhere, made fit for a terminal: no byte of it moves the cursor, changes colours or turns a line around. */
#ifndef FXI_UTIL_CLEAN_H
#define FXI_UTIL_CLEAN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/str.h"

/*
 * The bytes of the character at `at` that may be printed as they are; 0: it, or what is no UTF-8, must not, and *point
 * is its code point (or the byte itself) and *size what it takes. at < end.
 */
size_t fxi_clean_size(const char *at, const char *end, uint32_t *point, size_t *size);

/* Adds the text; what must not be printed is written as \x1b, \u009b or, a byte that is no UTF-8, \xff. */
void fxi_clean_add(struct fxi_str *out, const char *text, size_t size);

/* The same to a file. */
void fxi_clean_print(FILE *out, const char *text);

#endif
