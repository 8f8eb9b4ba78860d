/* Lists with quality values, element by element. Nothing is copied. Any thread. */
#include "metric/accept_header.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FULL 1000 /* of a weight, in thousandths */

/* A part of a header's value, without the white space around it. */
struct part {
    const char *text;
    size_t size;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_word(struct part part, const char *word)
{
    return strlen(word) == part.size && strncasecmp(part.text, word, part.size) == 0;
}

/* Takes the text up to the next character of ends outside quotes, and moves *at behind that character. */
static struct part take(const char **at, const char *ends)
{
    const char *from = *at, *to = *at;
    for (bool quoted = false; *to && (quoted || !strchr(ends, *to)); to++) {
        if (quoted && *to == '\\' && to[1])
            to++;
        else if (*to == '"')
            quoted = !quoted;
    }
    *at = to;
    while (from < to && is_space(*from))
        from++;
    while (from < to && is_space(to[-1]))
        to--;
    return (struct part){from, (size_t)(to - from)};
}

/* NAME=VALUE; VALUE may be in quotes. */
static struct part split(struct part parameter, struct part *value)
{
    const char *equals = memchr(parameter.text, '=', parameter.size);
    size_t name_size = equals ? (size_t)(equals - parameter.text) : parameter.size;
    *value = equals ? (struct part){equals + 1, parameter.size - name_size - 1} : (struct part){"", 0};
    if (value->size >= 2 && value->text[0] == '"' && value->text[value->size - 1] == '"') {
        value->text++;
        value->size -= 2;
    }
    return (struct part){parameter.text, name_size};
}

/* "0.5" in thousandths. An unreadable weight counts as the full weight, as if it were absent. */
static int read_weight(struct part value)
{
    if (value.size == 0 || value.text[0] != '0')
        return FULL;
    int weight = 0, unit = FULL / 10;
    for (size_t i = 2; i < value.size && value.text[1] == '.'; i++, unit /= 10) {
        if (value.text[i] < '0' || value.text[i] > '9')
            break;
        weight += unit * (value.text[i] - '0');
    }
    return weight;
}

/* ---- Accept */

/* A format that can be offered, and how well the ranges so far fit it. */
struct offer {
    const char *type, *subtype, *version;
    int exactness; /* of the range that fits best; 0: none fits */
    int weight;    /* weight of that range */
    unsigned place;
};

/* The parts of a range. */
struct range {
    struct part type, subtype;
    const char *parameters; /* from behind the first ';', or from the end */
    unsigned place;
};

/* Whether a parameter of a range allows the offer. Names of metrics need no escaping, so any scheme is fine. */
static bool is_met(const struct offer *offer, struct part name, struct part value)
{
    if (is_word(name, "version"))
        return is_word(value, offer->version);
    return is_word(name, "charset") ? is_word(value, "utf-8") : is_word(name, "escaping");
}

/*
 * 0: the range does not match the offer. Otherwise larger means a more exact match. The weight ends the range's
 * parameters.
 */
static int fit(const struct offer *offer, const struct range *range, const char *end, int *weight)
{
    bool any_type = is_word(range->type, "*"), any_subtype = is_word(range->subtype, "*");
    int exactness = any_type ? 1 : any_subtype ? 2 : 3;
    *weight = FULL;
    if (any_type ? !any_subtype : !is_word(range->type, offer->type))
        return 0;
    if (!any_subtype && !is_word(range->subtype, offer->subtype))
        return 0;
    for (const char *at = range->parameters; at < end;) {
        struct part value, name = split(take(&at, ";,"), &value);
        at += *at == ';';
        if (is_word(name, "q")) {
            *weight = read_weight(value);
            break;
        }
        if (name.size && !is_met(offer, name, value))
            return 0;
        exactness += name.size != 0;
    }
    return exactness;
}

static void apply(struct offer *offer, const struct range *range, const char *end)
{
    int weight, exactness = fit(offer, range, end, &weight);
    if (exactness < offer->exactness || exactness == 0)
        return;
    if (exactness == offer->exactness && weight <= offer->weight)
        return;
    offer->exactness = exactness;
    offer->weight = weight;
    offer->place = range->place;
}

enum prom_format prom_accept_format(const char *accept)
{
    struct offer text = {.type = "text", .subtype = "plain", .version = "0.0.4"};
    struct offer open = {.type = "application", .subtype = "openmetrics-text", .version = "1.0.0"};
    unsigned place = 0;
    for (const char *at = accept ? accept : ""; *at; at += *at == ',') {
        struct range range = {.place = place++};
        range.type = take(&at, "/;,");
        if (*at == '/') {
            at++;
            range.subtype = take(&at, ";,");
        }
        at += *at == ';';
        range.parameters = at;
        take(&at, ",");
        apply(&text, &range, at);
        apply(&open, &range, at);
    }
    if (open.weight != text.weight)
        return open.weight > text.weight ? PROM_OPENMETRICS : PROM_TEXT;
    if (open.weight == 0 || open.exactness < text.exactness)
        return PROM_TEXT;
    return open.exactness > text.exactness || open.place < text.place ? PROM_OPENMETRICS : PROM_TEXT;
}

/* ---- Accept-Encoding */

enum prom_coding prom_accept_coding(const char *accept_encoding)
{
    int weights[] = {[PROM_IDENTITY] = -1, [PROM_GZIP] = -1, [PROM_ZSTD] = -1}, any = -1;
    for (const char *at = accept_encoding ? accept_encoding : ""; *at; at += *at == ',') {
        struct part name = take(&at, ";,"), value;
        int weight = FULL;
        while (*at == ';') {
            at++;
            struct part parameter = split(take(&at, ";,"), &value);
            if (is_word(parameter, "q"))
                weight = read_weight(value);
        }
        if (is_word(name, "gzip") || is_word(name, "x-gzip"))
            weights[PROM_GZIP] = weight;
        else if (is_word(name, "zstd"))
            weights[PROM_ZSTD] = weight;
        else if (is_word(name, "identity"))
            weights[PROM_IDENTITY] = weight;
        else if (is_word(name, "*"))
            any = weight;
    }
    for (int i = PROM_GZIP; i <= PROM_ZSTD; i++)
        if (weights[i] < 0)
            weights[i] = any;
    int gzip = weights[PROM_GZIP], zstd = weights[PROM_ZSTD], plain = weights[PROM_IDENTITY];
    if (zstd > 0 && zstd >= gzip && zstd >= plain)
        return PROM_ZSTD;
    return gzip > 0 && gzip >= plain ? PROM_GZIP : PROM_IDENTITY;
}
