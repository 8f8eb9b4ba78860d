/*
 * A name as it is kept ("GOOGLE - Google LLC, US": clean, the country last, as
 * all lists have it) and as it is shown, by the style that the options ask for.
 * Pure functions of their arguments.
 */
#ifndef WHOIS_NAME_H
#define WHOIS_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a kept name at most; what is longer is cut. */
#define WHOIS_NAME_MAX 1024

struct whois_style {
    bool keep_country; /* ", US" stays at the end */
    bool is_short;     /* the handle only: GOOGLE */
};

/* The name to show, written to out (WHOIS_NAME_MAX bytes); its size, 0: there is none. */
size_t whois_name_format(const struct whois_style *style, const char *kept, size_t size, char *out);

/* The two letters at the end, in upper case; false: there are none. */
bool whois_name_country(const char *kept, size_t size, char country[2]);

/*
 * A kept name from parts as servers give them, any of which may be empty (NULL, 0): handle, separator, text, country.
 * Cleaned and made UTF-8. out has WHOIS_NAME_MAX bytes; gives the size.
 */
struct whois_parts {
    const char *handle, *text, *country;
    size_t handle_size, text_size, country_size;
    const char *separator; /* between handle and text */
};
size_t whois_name_join(const struct whois_parts *parts, char *out);

#endif
