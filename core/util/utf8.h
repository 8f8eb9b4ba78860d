/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Any thread. */
#ifndef FXI_UTIL_UTF8_H
#define FXI_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes that the character at `at` takes (1 to 4), or 0 if it is none. at < end. More than end - at: what is
 * there is sound so far, but cut.
 */
size_t fxi_utf8_size(const char *at, const char *end);

/* Writes a code point (a surrogate becomes U+FFFD) and gives its 1 to 4 bytes. At most U+10FFFF. */
size_t fxi_utf8_put(char *to, uint32_t point);

#endif
