/*
 * A name has two forms. The kept form is "GOOGLE - Google LLC, US": clean, the country last, as all lists write it.
 * The shown form follows the style that the options ask for. Pure functions of their arguments.
 */
#ifndef WHOIS_NAME_H
#define WHOIS_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Most bytes of a kept name; longer ones are cut. */
#define WHOIS_NAME_MAX 1024

struct whois_style {
    bool keep_country; /* ", US" stays at the end */
    bool is_short;     /* only the handle: GOOGLE */
};

/* Writes the name to show to out (WHOIS_NAME_MAX bytes). Gives its size; 0: there is none. */
size_t whois_name_format(const struct whois_style *style, const char *kept, size_t size, char *out);

/* The two letters at the end, in upper case. False: there are none. */
bool whois_name_country(const char *kept, size_t size, char country[2]);

/*
 * Makes a kept name from parts as servers give them: handle, separator, text, country. Any part may be empty (NULL,
 * 0). The result is clean UTF-8. out has WHOIS_NAME_MAX bytes. Gives the size.
 */
struct whois_parts {
    const char *handle, *text, *country;
    size_t handle_size, text_size, country_size;
    const char *separator; /* between handle and text */
};
size_t whois_name_join(const struct whois_parts *parts, char *out);

#endif
