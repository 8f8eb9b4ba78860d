/* UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Any thread. */
#ifndef FXI_UTIL_UTF8_H
#define FXI_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Gives the size of the character at `at` (1 to 4 bytes), or 0 if there is no valid one. A size above end - at means
 * that the bytes are valid so far but the character is cut off. at < end.
 */
size_t fxi_utf8_size(const char *at, const char *end);

/* Writes a code point, at most U+10FFFF, and gives its size (1 to 4 bytes). A surrogate becomes U+FFFD. */
size_t fxi_utf8_put(char *to, uint32_t point);

#endif
