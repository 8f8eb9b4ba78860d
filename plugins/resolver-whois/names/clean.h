/*
 * Makes names from files and servers fit for a label: valid UTF-8, without control characters, without white space
 * at the ends, without the country. Pure functions of their arguments.
 */
#ifndef WHOIS_CLEAN_H
#define WHOIS_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the text is valid UTF-8. */
bool whois_is_utf8(const char *text, size_t size);

/*
 * Writes text as valid UTF-8 to out, which has room for 2 * size bytes, and gives the size. Well-formed characters
 * stay. A byte that belongs to none is read as Latin-1, which many registries still send.
 */
size_t whois_to_utf8(const char *text, size_t size, char *out);

/*
 * Cleans text in place and returns its new size, which is never larger. Bytes that are not UTF-8 and control
 * characters (C0, DEL, C1, those of direction and of lines) are dropped. A tab becomes a space. White space at both
 * ends is removed.
 */
size_t whois_clean(char *text, size_t size);

/*
 * The size of a clean text without the country at its end: ", US". Damaged lists have ",US" or a lone comma instead.
 * Text without a country keeps its size. 0 means that there is no name at all.
 */
size_t whois_strip_country(const char *text, size_t size);

#endif
