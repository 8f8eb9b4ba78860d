/* Makes text from elsewhere safe for a terminal: no byte may move the cursor, change colours or reverse a line. */
#ifndef FXI_UTIL_CLEAN_H
#define FXI_UTIL_CLEAN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/str.h"

/*
 * Gives the size of the character at `at` if it may be printed as it is, else 0. Then *point is its code point and
 * *size its size. For a byte that is not UTF-8, *point is the byte and *size is 1. at < end.
 */
size_t fxi_clean_size(const char *at, const char *end, uint32_t *point, size_t *size);

/* Adds the text. What must not be printed is written as \x1b or \u009b, and a byte that is not UTF-8 as \xff. */
void fxi_clean_add(struct fxi_str *out, const char *text, size_t size);

/* Prints the text to a file in the same way. */
void fxi_clean_print(FILE *out, const char *text);

#endif
