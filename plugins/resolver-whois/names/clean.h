/*
 * Names as they come from files and servers, made fit for a label: valid
 * UTF-8, no control characters, no white space around, the country off.
 * Pure functions of their arguments.
 */
#ifndef WHOIS_CLEAN_H
#define WHOIS_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether whois_clean would find nothing but UTF-8. */
bool whois_is_utf8(const char *text, size_t size);

/*
 * Writes text as valid UTF-8 to out, which has room for 2 * size bytes, and gives the size: well-formed characters
 * stay, a byte that belongs to none is taken for one of Latin-1, as many registries still send it.
 */
size_t whois_to_utf8(const char *text, size_t size, char *out);

/*
 * Cleans text in place and returns its new size, which is never larger. Bytes that are not UTF-8 and control
 * characters (C0, DEL, C1, those of direction and of lines) are dropped; a tab becomes a space; white space at both ends goes.
 */
size_t whois_clean(char *text, size_t size);

/*
 * The size of a clean text without the country at its end: ", US" or, as damaged lists have it, ",US" or a lone
 * comma. Text without a country keeps its size; 0 means that there is no name at all.
 */
size_t whois_strip_country(const char *text, size_t size);

#endif
