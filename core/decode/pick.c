/*
 * Lists and objects where a text is claimed: their scalars are joined, or a path names one element by its index. The
 * parser has already checked what is read here. Only the worker's thread.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/decoder_parts.h"
#include "decode/string.h"
#include "decode/walk.h"

/* Reads an element's index, such as "0", "12" or "-1". A negative index counts from the end. */
static bool read_place(const struct fxi_pick_name *name, bool *from_end, unsigned *place)
{
    const char *digits = name->text + (*name->text == '-');
    size_t size = strlen(digits);
    *from_end = digits != name->text;
    if (!size || size > 5 || strspn(digits, "0123456789") != size)
        return false;
    *place = (unsigned)strtoul(digits, NULL, 10);
    return !*from_end || *place > 0;
}

/* Gives the element of the list at `at`, or NULL. */
static const char *find_element(const char *at, const struct fxi_pick_name *name)
{
    bool from_end;
    unsigned place, count = 0;
    if (!read_place(name, &from_end, &place))
        return NULL;
    const char *list = at;
    if (from_end) {
        for (at = fxi_walk_space(list + 1); *at != ']'; count++) {
            at = fxi_walk_space(fxi_walk_value(at));
            at = fxi_walk_space(at + (*at == ','));
        }
        if (place > count)
            return NULL;
        place = count - place;
    }
    for (at = fxi_walk_space(list + 1); *at != ']'; place--) {
        if (!place)
            return at;
        at = fxi_walk_space(fxi_walk_value(at));
        at = fxi_walk_space(at + (*at == ','));
    }
    return NULL;
}

/* Gives the member of the object at `at`: the last one of this name, or NULL. */
static const char *find_member(const char *at, const struct fxi_pick_name *name)
{
    const char *found = NULL;
    for (at = fxi_walk_space(at + 1); *at != '}';) {
        const char *own = at + 1, *end = fxi_walk_string(at);
        const char *value = fxi_walk_space(fxi_walk_space(end) + 1);
        if (fxi_string_equals(own, (size_t)(end - 1 - own), name->text, name->size))
            found = value;
        at = fxi_walk_space(fxi_walk_value(value));
        at = fxi_walk_space(at + (*at == ','));
    }
    return found;
}

static void capture_value(struct fxi_capture *capture, const char *at)
{
    const char *end = *at == '{' || *at == '[' ? at : fxi_walk_value(at);
    bool is_text = *at == '"';
    capture->text = at + is_text;
    capture->size = (uint32_t)(end - at) - 2 * is_text;
    capture->kind = *at == '{' || *at == '['                     ? FXI_KIND_CONTAINER
                    : *at == 't' || *at == 'f'                   ? FXI_KIND_BOOLEAN
                    : *at == 'n'                                 ? FXI_KIND_NULL
                    : !is_text                                   ? FXI_KIND_NUMBER
                    : memchr(capture->text, '\\', capture->size) ? FXI_KIND_ESCAPED
                                                                 : FXI_KIND_STRING;
}

bool fxi_pick(const struct fxi_decoder *d, const struct fxi_pick *pick, struct fxi_capture *capture)
{
    unsigned i = pick->count - 1;
    while (i > 0 && d->captures[pick->names[i - 1].node].kind == FXI_KIND_ABSENT)
        i--;
    if (i == 0 || d->captures[pick->names[i - 1].node].kind != FXI_KIND_CONTAINER)
        return false;
    const char *at = fxi_decode_origin(d, d->captures[pick->names[i - 1].node].text);
    for (; i < pick->count && at; i++)
        at = *at == '[' ? find_element(at, &pick->names[i]) : *at == '{' ? find_member(at, &pick->names[i]) : NULL;
    if (at)
        capture_value(capture, at);
    return at != NULL;
}

/* Takes the next scalar of a list or object, at any depth, and moves *at past it. False: there are no more. */
static bool next_scalar(const char **at, unsigned *depth, struct fxi_capture *capture)
{
    while (*depth) {
        const char *here = fxi_walk_space(*at);
        if (*here == '{' || *here == '[') {
            ++*depth;
            *at = here + 1;
        } else if (*here == '}' || *here == ']') {
            --*depth;
            *at = here + 1;
        } else if (*here == ',') {
            *at = here + 1;
        } else {
            const char *end = fxi_walk_value(here);
            *at = end;
            if (*here == '"' && *fxi_walk_space(end) == ':') { /* the name of a member */
                *at = fxi_walk_space(end) + 1;
                continue;
            }
            capture_value(capture, here);
            if (capture->kind != FXI_KIND_NULL)
                return true;
        }
    }
    return false;
}

/* Gives the number of scalars. *bytes: their total size. */
static size_t measure(const char *text, size_t *bytes)
{
    struct fxi_capture one;
    size_t count = 0;
    unsigned depth = 1;
    *bytes = 0;
    for (const char *at = text + 1; next_scalar(&at, &depth, &one); count++)
        *bytes += one.size;
    return count;
}

int fxi_join(const struct fxi_decoder *d, const char *text, struct fx_value *value, struct fxi_arena *arena)
{
    struct fxi_capture one;
    size_t bytes, count = measure(text, &bytes);
    if (!count)
        return 0;
    char *joined = fxi_arena_alloc(arena, bytes + count * d->join_size), *to = joined;
    if (!joined || bytes + count * d->join_size > UINT32_MAX)
        return -1;
    unsigned depth = 1;
    bool is_first = true;
    for (const char *at = text + 1; next_scalar(&at, &depth, &one); is_first = false) {
        if (!is_first)
            to = (char *)memcpy(to, d->join, d->join_size) + d->join_size;
        to += one.kind == FXI_KIND_ESCAPED ? fxi_string_unescape(to, one.text, one.size)
                                           : (memcpy(to, one.text, one.size), one.size);
    }
    *value = (struct fx_value){.text = joined, .size = (uint32_t)(to - joined), .type = FX_TEXT};
    return 0;
}
