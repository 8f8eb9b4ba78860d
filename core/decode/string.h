/* Strings beyond their plain bytes: escapes. Any thread. */
#ifndef FXI_DECODE_STRING_H
#define FXI_DECODE_STRING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * at: behind a backslash inside a string. Behind the escape, or NULL with *stop where it goes wrong (end: it is cut).
 * A \u escape is judged alone: surrogates need no partner.
 */
const char *fxi_escape_end(const char *at, const char *end, const char **stop);

/* Writes the string whose checked inside is text; at most size bytes. Gives how many. */
size_t fxi_string_unescape(char *to, const char *text, size_t size);

/* Whether the string whose checked inside is text means name. */
bool fxi_string_equals(const char *text, size_t size, const char *name, size_t name_size);

#endif
