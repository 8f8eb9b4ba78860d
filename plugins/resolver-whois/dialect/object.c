/*
 * Objects of whois answers: RPSL (RFC 2622) and the similar formats of ARIN, LACNIC and IANA. A line is "key:
 * value". From an object about the number that was asked about, the handle, text and country are kept. Objects of
 * other kinds (as-block, person, role) are ignored.
 */
#include "dialect/dialect.h"

#include <string.h>
#include <strings.h>

struct attribute {
    const char *key, *value;
    size_t key_size, value_size;
};

static bool read_attribute(const char *line, size_t size, struct attribute *attribute)
{
    const char *colon = memchr(line, ':', size);
    if (!colon || colon == line)
        return false;
    const char *end = line + size;
    for (const char *at = line; at < colon; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '-'))
            return false;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *attribute = (struct attribute){line, value, (size_t)(colon - line), (size_t)(end - value)};
    return true;
}

static bool key_is(const struct attribute *attribute, const char *key)
{
    return attribute->key_size == strlen(key) && strncasecmp(attribute->key, key, attribute->key_size) == 0;
}

static size_t read_number(const char *text, size_t size, uint32_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < size && text[i] >= '0' && text[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > UINT32_MAX)
            return 0;
    }
    *number = (uint32_t)value;
    return i;
}

/* "AS15169", "15169", "15169 - 15170". */
static bool read_numbers(const struct attribute *attribute, uint32_t *first, uint32_t *last)
{
    const char *at = attribute->value, *end = at + attribute->value_size;
    if (end - at >= 2 && strncasecmp(at, "AS", 2) == 0)
        at += 2;
    size_t digits = read_number(at, (size_t)(end - at), first);
    if (digits == 0)
        return false;
    at += digits;
    *last = *first;
    while (at < end && (*at == ' ' || *at == '-'))
        at++;
    if (at < end && read_number(at, (size_t)(end - at), last) == 0)
        *last = *first;
    return *last >= *first;
}

static void keep(char *to, size_t *to_size, size_t max, const struct attribute *attribute)
{
    if (*to_size > 0) /* the first one counts */
        return;
    *to_size = attribute->value_size < max ? attribute->value_size : max;
    memcpy(to, attribute->value, *to_size);
}

static void close_object(struct whois_reading *reading)
{
    struct whois_object *object = &reading->object;
    if (!object->is_open)
        return;
    object->is_open = false;
    struct whois_parts parts = {.handle = object->handle,
                                .handle_size = object->handle_size,
                                .text = object->text,
                                .text_size = object->text_size,
                                .country = object->country,
                                .country_size = object->country_size,
                                .separator = reading->dialect->is_endless ? " - " : " "};
    char kept[WHOIS_NAME_MAX];
    size_t size = whois_name_join(&parts, kept);
    /* A registry that refers to another one has only the name of a block. */
    if (size == 0 || reading->referral[0])
        return;
    bool is_ours = false;
    for (size_t i = 0; i < reading->count; i++) {
        if (reading->numbers[i] < object->first || reading->numbers[i] > object->last)
            continue;
        reading->take(reading->arg, WHOIS_SAID_NAME, reading->numbers[i], kept, size);
        is_ours = reading->has_name = true;
    }
    if (!is_ours)
        reading->is_foreign = true;
}

static void open_object(struct whois_reading *reading, const struct attribute *attribute)
{
    struct whois_object *object = &reading->object;
    close_object(reading);
    *object = (struct whois_object){.is_open = false};
    object->is_open = read_numbers(attribute, &object->first, &object->last);
}

/* "whois://host:port/path" or "host". Other schemes (rwhois, http) are ignored. */
static void read_referral(struct whois_reading *reading, const struct attribute *attribute)
{
    const char *at = attribute->value, *end = at + attribute->value_size;
    static const char scheme[] = "whois://";
    if ((size_t)(end - at) >= sizeof(scheme) - 1 && strncasecmp(at, scheme, sizeof(scheme) - 1) == 0)
        at += sizeof(scheme) - 1;
    else if (memmem(at, (size_t)(end - at), "://", 3))
        return;
    const char *slash = memchr(at, '/', (size_t)(end - at));
    size_t size = (size_t)((slash ? slash : end) - at);
    if (size == 0 || size >= sizeof(reading->referral) || reading->referral[0])
        return;
    memcpy(reading->referral, at, size);
    reading->referral[size] = '\0';
}

static void read_inside(struct whois_object *object, const struct attribute *attribute)
{
    if (key_is(attribute, "as-name") || key_is(attribute, "ASName"))
        keep(object->handle, &object->handle_size, sizeof(object->handle), attribute);
    else if (key_is(attribute, "descr") || key_is(attribute, "owner") || key_is(attribute, "OrgName"))
        keep(object->text, &object->text_size, sizeof(object->text), attribute);
    else if (key_is(attribute, "country"))
        keep(object->country, &object->country_size, sizeof(object->country), attribute);
}

void whois_object_read(struct whois_reading *reading, const char *line, size_t size, enum whois_object_end end)
{
    struct attribute attribute;
    if (size == 0) {
        if (end == WHOIS_ENDS_BLANK)
            close_object(reading);
        return;
    }
    bool is_comment = line[0] == '%' || line[0] == '#';
    if (is_comment || !read_attribute(line, size, &attribute)) {
        reading->is_greeted |= is_comment;
        reading->is_refused |= whois_line_is_refusal(line, size);
        reading->is_unknown |= whois_line_is_unknown(line, size);
        return;
    }
    reading->is_greeted = true;
    if (key_is(&attribute, "aut-num") || key_is(&attribute, "ASNumber"))
        open_object(reading, &attribute);
    else if (key_is(&attribute, "refer") || key_is(&attribute, "whois") || key_is(&attribute, "ReferralServer"))
        read_referral(reading, &attribute);
    else if (reading->object.is_open)
        read_inside(&reading->object, &attribute);
}

/*
 * An answer that was cut must not give half of a name. An object ends with an empty line. ARIN's objects have no
 * end, but are complete when the organisation has been named.
 */
void whois_object_finish(struct whois_reading *reading)
{
    if (reading->dialect->is_endless && reading->object.text_size > 0)
        close_object(reading);
    reading->is_cut = reading->object.is_open;
    /*
     * With several numbers the line would not tell which one is meant. Dialects for several numbers have lines of
     * their own.
     */
    if (reading->is_unknown && !reading->has_name && !reading->referral[0] && !reading->is_refused &&
        reading->count == 1)
        reading->take(reading->arg, WHOIS_SAID_UNKNOWN, reading->numbers[0], "", 0);
}
