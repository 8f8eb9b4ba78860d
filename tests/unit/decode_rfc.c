/* RFC 8259 as a recursive descent, without regard for speed: what is legal, and the first thing that is not. */
#include <stdint.h>
#include <string.h>

#include "tests/unit/decode_check.h"

struct rfc {
    const char *at, *end;
    unsigned depth_left;
    enum fxi_decode why;
};

static bool fail(struct rfc *r, enum fxi_decode why)
{
    r->why = r->at == r->end && why == FXI_DECODE_SYNTAX ? FXI_DECODE_TRUNCATED : why;
    return false;
}

static bool take(struct rfc *r, const char *any_of)
{
    if (r->at == r->end || !*r->at || !strchr(any_of, *r->at))
        return false;
    r->at++;
    return true;
}

static void space(struct rfc *r)
{
    while (take(r, " \t\r\n"))
        ;
}

/* Whether any code point from low to high may be written with size bytes. */
static bool is_possible(uint32_t low, uint32_t high, int size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return high >= least[size] && low <= 0x10ffff && !(low >= 0xd800 && high <= 0xdfff);
}

static bool character(struct rfc *r)
{
    unsigned char lead = (unsigned char)*r->at;
    int size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc0 || lead > 0xf7)
        return fail(r, FXI_DECODE_ENCODING);
    uint32_t point = lead & (0x7fU >> size);
    for (int left = size - 1;; left--) {
        uint32_t low = point << (6 * left);
        if (!is_possible(low, low | ((UINT32_C(1) << (6 * left)) - 1), size))
            return fail(r, FXI_DECODE_ENCODING);
        r->at++;
        if (!left)
            return true;
        if (r->at == r->end)
            return fail(r, FXI_DECODE_SYNTAX);
        if ((*r->at & 0xc0) != 0x80)
            return fail(r, FXI_DECODE_ENCODING);
        point = point << 6 | (*r->at & 0x3f);
    }
}

static bool escape(struct rfc *r)
{
    if (take(r, "u")) {
        for (int i = 0; i < 4; i++)
            if (!take(r, "0123456789abcdefABCDEF"))
                return fail(r, FXI_DECODE_SYNTAX);
        return true;
    }
    return take(r, "\"\\/bfnrt") || fail(r, FXI_DECODE_SYNTAX);
}

static bool string(struct rfc *r)
{
    if (!take(r, "\""))
        return fail(r, FXI_DECODE_SYNTAX);
    while (!take(r, "\"")) {
        if (r->at == r->end || (unsigned char)*r->at < 0x20)
            return fail(r, FXI_DECODE_SYNTAX);
        bool sound;
        if (take(r, "\\"))
            sound = escape(r);
        else if ((unsigned char)*r->at >= 0x80)
            sound = character(r);
        else
            sound = r->at++ != NULL;
        if (!sound)
            return false;
    }
    return true;
}

static bool digits(struct rfc *r)
{
    if (!take(r, "0123456789"))
        return fail(r, FXI_DECODE_SYNTAX);
    while (take(r, "0123456789"))
        ;
    return true;
}

static bool number(struct rfc *r)
{
    take(r, "-");
    if (!take(r, "0") && !digits(r))
        return false;
    if (take(r, ".") && !digits(r))
        return false;
    if (take(r, "eE")) {
        take(r, "+-");
        return digits(r);
    }
    return true;
}

static bool word(struct rfc *r, const char *letters)
{
    for (; *letters; letters++)
        if (!take(r, (char[]){*letters, '\0'}))
            return fail(r, FXI_DECODE_SYNTAX);
    return true;
}

static bool value(struct rfc *r);

static bool members(struct rfc *r, bool is_object)
{
    const char *close = is_object ? "}" : "]";
    space(r);
    if (take(r, close))
        return true;
    for (;;) {
        space(r);
        if (is_object) {
            if (!string(r))
                return false;
            space(r);
            if (!take(r, ":"))
                return fail(r, FXI_DECODE_SYNTAX);
            space(r);
        }
        if (!value(r))
            return false;
        space(r);
        if (take(r, close))
            return true;
        if (!take(r, ","))
            return fail(r, FXI_DECODE_SYNTAX);
    }
}

static bool value(struct rfc *r)
{
    char first = r->at < r->end ? *r->at : '\0';
    if (first == '{' || first == '[') {
        if (!r->depth_left)
            return fail(r, FXI_DECODE_DEPTH);
        r->at++;
        r->depth_left--;
        bool sound = members(r, first == '{');
        r->depth_left++;
        return sound;
    }
    if (first == '"')
        return string(r);
    if (first == 't' || first == 'f' || first == 'n')
        return word(r, first == 't' ? "true" : first == 'f' ? "false" : "null");
    return number(r);
}

const char *rfc_value(const char *at, const char *end, unsigned max_depth, enum fxi_decode *why)
{
    struct rfc r = {at, end, max_depth, FXI_DECODE_RECORD};
    bool sound = value(&r);
    *why = r.why;
    return sound ? r.at : NULL;
}

bool rfc_is_number(const char *text, size_t size)
{
    struct rfc r = {text, text + size, 0, FXI_DECODE_RECORD};
    return number(&r) && r.at == r.end;
}
