/* Escapes in strings. Any thread. */
#ifndef FXI_DECODE_STRING_H
#define FXI_DECODE_STRING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Gives the place after the escape whose backslash is before `at`. On a fault gives NULL; *stop is its place, or end if
 * the escape is cut off. Each \u escape is judged alone: a surrogate needs no partner.
 */
const char *fxi_escape_end(const char *at, const char *end, const char **stop);

/* Unescapes the checked inside of a string, text, to at most size bytes. Gives the number of bytes. */
size_t fxi_string_unescape(char *to, const char *text, size_t size);

/* Whether the string with the checked inside text equals name once it is unescaped. */
bool fxi_string_equals(const char *text, size_t size, const char *name, size_t name_size);

#endif
