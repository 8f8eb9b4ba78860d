/* Names: their parts, and how they are shown. */
#include "names/name.h"

#include <string.h>

#include "names/clean.h"

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool whois_name_country(const char *kept, size_t size, char country[2])
{
    if (whois_strip_country(kept, size) == size || size < 3 || !is_letter(kept[size - 1]) || !is_letter(kept[size - 2]))
        return false;
    for (int i = 0; i < 2; i++)
        country[i] = (char)(kept[size - 2 + (size_t)i] & ~0x20);
    return true;
}

static bool is_handle_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/*
 * The text before " - ". Lists of RIPE's kind have no dash between handle and text ("RIPE-NCC-AS Reseaux IP"): there
 * the handle is the first word, if it looks like a handle.
 */
static size_t handle_size(const char *name, size_t size)
{
    const char *dash = memmem(name, size, " - ", 3);
    if (dash && dash > name)
        return (size_t)(dash - name);
    size_t word = 0;
    while (word < size && is_handle_byte(name[word]))
        word++;
    return word >= 3 && word < size && name[word] == ' ' ? word : size;
}

size_t whois_name_format(const struct whois_style *style, const char *kept, size_t size, char *out)
{
    char country[2];
    size_t bare = whois_strip_country(kept, size);
    if (bare == 0)
        return 0;
    if (style->is_short)
        bare = handle_size(kept, bare);
    bool has_country = style->keep_country && whois_name_country(kept, size, country);
    if (bare > WHOIS_NAME_MAX - 4)
        bare = WHOIS_NAME_MAX - 4;
    memcpy(out, kept, bare);
    if (has_country) {
        memcpy(out + bare, ", ", 2);
        memcpy(out + bare + 2, country, 2);
        bare += 4;
    }
    return bare;
}

/* Cuts the text where a character begins. */
static size_t cut(const char *text, size_t size, size_t max)
{
    if (size <= max)
        return size;
    size = max;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

/* Adds a part, cleaned, and gives the new size. */
static size_t add_part(char *out, size_t at, size_t room_end, const char *text, size_t size)
{
    char utf8[2 * WHOIS_NAME_MAX];
    if (size > WHOIS_NAME_MAX)
        size = WHOIS_NAME_MAX;
    if (size == 0)
        return at;
    size = whois_clean(utf8, whois_to_utf8(text, size, utf8));
    size = cut(utf8, size, room_end - at);
    memcpy(out + at, utf8, size);
    return at + size;
}

size_t whois_name_join(const struct whois_parts *parts, char *out)
{
    const size_t end = WHOIS_NAME_MAX - 4; /* room for ", US" */
    size_t separator_size = parts->separator ? strlen(parts->separator) : 0;
    size_t size = add_part(out, 0, end, parts->handle, parts->handle_size);
    if (size > 0 && parts->text_size > 0 && size + separator_size < end) {
        memcpy(out + size, parts->separator, separator_size);
        size_t whole = add_part(out, size + separator_size, end, parts->text, parts->text_size);
        size = whole > size + separator_size ? whole : size;
    } else if (size == 0) {
        size = add_part(out, 0, end, parts->text, parts->text_size);
    }
    while (size > 0 && out[size - 1] == ' ')
        size--;
    char country[4] = ", ";
    if (size == 0 || parts->country_size != 2 || !is_letter(parts->country[0]) || !is_letter(parts->country[1]))
        return size;
    country[2] = (char)(parts->country[0] & ~0x20);
    country[3] = (char)(parts->country[1] & ~0x20);
    memcpy(out + size, country, 4);
    return size + 4;
}
