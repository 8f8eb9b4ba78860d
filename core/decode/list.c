/*
 * What a payload holds beside objects on lines: lists of records, byte order marks, registry's framing, and what is no
 * record. One worker enters.
 *
 * A list is taken element by element, so it may be of any length. A malformed element costs itself:
 *
 *   - The list goes on behind the next comma (or ends with the next bracket) that is in no text and in no bracket since
 *     the element's beginning. Where brackets do not match, a text has a newline in it, or nothing follows, that is
 *     not known. Then the list goes on with the next line that begins with an object, a comma or the list's end.
 *   - That look ahead has a bound: what is passed over without finding an end is nested more deeply by it, so no byte
 *     is passed over more than LOOK_DEPTH times.
 *   - A comma that is missing between records on lines of their own, or behind a list in the list, costs no record,
 *     and is told once a list: the '[' may be what is wrong. It is told in front of what comes next, so *at stays
 *     where it is for this once if the call before ended there: behind the "]" of ",]{".
 *   - A comma before the list's end is a fault but costs no record; so does a list that does not end.
 *   - An element that is neither an object nor a list is no record. Before the first object, they are one fault
 *     together: [1, 2, 3] is no list of records.
 */
#include <string.h>

#include "decode/state.h"

/* Internal to this file: nothing has come of this step, but *at or the list's place has moved. */
#define GO_ON ((enum fxi_decode) - 1)

/* Brackets in one another that are followed in search of an element's end. */
#define LOOK_DEPTH 256

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define FRAME_BYTES     5

/* What this file's functions hand to each other. */
struct step {
    struct fxi_decoder *d;
    const char *from; /* where all this begins */
    const char **at, *end;
    struct fx_value *row;
    struct fxi_arena *arena;
    const char **where;
};

static enum fxi_decode fault(const struct step *s, const char *where, enum fxi_decode reason)
{
    if (s->where)
        *s->where = where;
    return reason;
}

/* The end of the payload for now: the next one begins with what is from here on. */
static enum fxi_decode leave(const struct step *s, const char *here)
{
    *s->at = here;
    return FXI_DECODE_END;
}

const char *fxi_list_resync(const char *at, const char *end, bool *is_cut)
{
    unsigned char kinds[LOOK_DEPTH / 8]; /* a bit for each open bracket: it is a brace */
    unsigned depth = 0;
    bool in_text = false, on_next_line = false;
    *is_cut = false;
    for (; at < end; at++) {
        on_next_line |= depth == 0 && *at == '\n';
        if (in_text) {
            if (*at == '\n')
                return NULL;
            if (*at == '\\' && at + 1 < end)
                at++; /* a backslash and a newline are bad syntax, but that is the parser's to say */
            else if (*at == '"')
                in_text = false;
        } else if (*at == '"') {
            in_text = true;
        } else if (*at == '{' || *at == '[') {
            if (depth == LOOK_DEPTH || on_next_line) /* on a line of its own is another element */
                return NULL;
            unsigned bit = 1U << (depth % 8);
            kinds[depth / 8] = (unsigned char)(*at == '{' ? kinds[depth / 8] | bit : kinds[depth / 8] & ~bit);
            depth++;
        } else if (depth == 0 && (*at == ',' || *at == ']')) {
            return at;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0 || (kinds[(depth - 1) / 8] >> ((depth - 1) % 8) & 1) != (*at == '}'))
                return NULL;
            depth--;
        }
    }
    *is_cut = true;
    return NULL;
}

/* The element at start is rejected. */
static enum fxi_decode reject_element(const struct step *s, const char *start, const char *where,
                                      enum fxi_decode reason)
{
    struct fxi_decoder *d = s->d;
    bool is_cut;
    d->start = start;
    const char *behind = fxi_list_resync(start, s->end, &is_cut);
    const char *newline = behind ? NULL : memchr(start, '\n', (size_t)(s->end - start));
    if (d->part == FXI_PART_OPEN && !behind && (is_cut || !newline))
        return leave(s, start);
    d->list.place = behind ? FXI_LIST_BEHIND : FXI_LIST_LOST;
    d->list.is_broken |= !behind;
    *s->at = behind ? behind : newline ? newline + 1 : s->end;
    d->list.was_told = true;
    d->list.is_foreign = !d->list.has_records && reason == FXI_DECODE_NOT_OBJECT;
    return d->list.is_foreign ? GO_ON : fault(s, where, reason);
}

/* What stands in front of the first record, or is all of the list, is no record. */
static enum fxi_decode tell_foreign(const struct step *s, const char *here)
{
    s->d->list.is_foreign = false;
    s->d->start = s->from;
    *s->at = here;
    return fault(s, s->from, FXI_DECODE_NOT_OBJECT);
}

/* What a line of a list begins with, if no comma is missing. */
static bool begins_line(const char *at)
{
    return *at == '{' || *at == '[';
}

static enum fxi_decode take_object(const struct step *s, const char *start)
{
    struct fxi_decoder *d = s->d;
    d->list.has_records = true;
    const char *behind = fxi_decode_object(d, start, s->end);
    if (!behind && d->part == FXI_PART_OPEN && d->reason == FXI_DECODE_TRUNCATED)
        return leave(s, start);
    if (!behind)
        return reject_element(s, start, fxi_decode_origin(d, d->fault), d->reason);
    const char *line_end = fxi_skip_space(behind, s->end, false);
    behind = fxi_skip_space(line_end, s->end, true);
    if (behind == s->end && d->part == FXI_PART_OPEN)
        return leave(s, start);
    bool misses_comma = behind < s->end && *behind != ',' && *behind != ']';
    if (misses_comma && (*line_end != '\n' || !begins_line(behind)))
        return reject_element(s, start, behind, FXI_DECODE_TRAILING);
    *s->at = misses_comma ? line_end : behind;
    d->list.place = FXI_LIST_BEHIND;
    enum fxi_decode decode = fxi_decode_convert(d, s->row, s->arena);
    return decode == FXI_DECODE_RECORD ? decode : fault(s, fxi_decode_origin(d, d->fault), decode);
}

/* What begins a JSON value is one that is no record, anything else is no JSON. */
static enum fxi_decode reason_of(const char *at)
{
    return *at && strchr("[\"-0123456789tfn", *at) ? FXI_DECODE_NOT_OBJECT : FXI_DECODE_SYNTAX;
}

/* at: a ']'. */
static enum fxi_decode end_list(const struct step *s, const char *at)
{
    struct fxi_decoder *d = s->d;
    struct fxi_list *list = &d->list;
    bool comma = list->place == FXI_LIST_COMMA;
    *s->at = at + 1;
    if (list->depth > 1) {
        list->depth--;
        list->place = FXI_LIST_BEHIND;
        return comma ? fault(s, at, FXI_DECODE_SYNTAX) : GO_ON;
    }
    const char *behind = fxi_skip_space(at + 1, s->end, false);
    bool is_clean = behind == s->end || *behind == '\n' || *behind == '[';
    const char *newline = is_clean ? NULL : memchr(behind, '\n', (size_t)(s->end - behind));
    if (d->part == FXI_PART_OPEN && (behind == s->end || (!is_clean && !newline)))
        return leave(s, at);
    list->place = FXI_LIST_NONE;
    if (!is_clean)
        *s->at = newline ? newline + 1 : s->end;
    if (list->is_foreign)
        return tell_foreign(s, *s->at);
    if (comma)
        return fault(s, at, FXI_DECODE_SYNTAX);
    return is_clean || (list->was_told && !list->has_records) ? GO_ON : fault(s, behind, FXI_DECODE_TRAILING);
}

/* The payload ends inside the list. After a fault it need not be said that its end is missing. */
static enum fxi_decode cut_list(const struct step *s)
{
    struct fxi_list *list = &s->d->list;
    *s->at = s->end;
    if (s->d->part != FXI_PART_WHOLE)
        return FXI_DECODE_END;
    list->place = FXI_LIST_NONE;
    if (list->is_foreign)
        return tell_foreign(s, s->end);
    return list->is_broken ? FXI_DECODE_END : fault(s, s->end, FXI_DECODE_TRUNCATED);
}

/* here: a '['. */
static enum fxi_decode open_list(const struct step *s, const char *here)
{
    struct fxi_decoder *d = s->d;
    if (!d->list.place)
        d->list = (struct fxi_list){0};
    if (d->list.depth == (unsigned)(d->frames_end - d->frames - 1))
        return reject_element(s, here, here, FXI_DECODE_DEPTH);
    d->list.depth++;
    d->list.place = FXI_LIST_FIRST;
    *s->at = here + 1;
    return GO_ON;
}

/* A line that can't be made use of after a fault. */
static enum fxi_decode pass_line(const struct step *s, const char *here)
{
    const char *newline = memchr(here, '\n', (size_t)(s->end - here));
    if (!newline && s->d->part == FXI_PART_OPEN)
        return leave(s, here);
    *s->at = newline ? newline + 1 : s->end;
    return GO_ON;
}

/* here: a record or list behind an element, without a comma, on a line of its own. */
static enum fxi_decode miss_comma(const struct step *s, const char *here)
{
    struct fxi_list *list = &s->d->list;
    bool is_told_before = list->is_broken;
    list->is_foreign &= is_told_before; /* one word is enough */
    list->is_broken = true;
    list->place = FXI_LIST_LOST;
    if (*here == '[') /* then it is the end that is missing */
        list->place = FXI_LIST_NONE;
    return is_told_before ? GO_ON : fault(s, here, FXI_DECODE_SYNTAX);
}

static enum fxi_decode next_in_list(const struct step *s)
{
    struct fxi_list *list = &s->d->list;
    const char *here = fxi_skip_space(*s->at, s->end, true);
    *s->at = here;
    if (here == s->end)
        return cut_list(s);
    bool was_lost = list->place == FXI_LIST_LOST;
    if (*here == ']')
        return end_list(s, here);
    if (*here == ',' && (list->place == FXI_LIST_BEHIND || was_lost)) {
        *s->at = here + 1;
        list->place = FXI_LIST_COMMA;
        return GO_ON;
    }
    if (list->place == FXI_LIST_BEHIND && begins_line(here))
        return miss_comma(s, here);
    if (was_lost && *here != '{')
        return pass_line(s, here);
    if (*here == '{')
        return list->is_foreign ? tell_foreign(s, here) : take_object(s, here);
    return *here == '[' ? open_list(s, here) : reject_element(s, here, here, reason_of(here));
}

/* The bytes in front of a record or list that are no part of it. *is_cut: more of the payload is needed to tell. */
static size_t prefix_size(const struct step *s, const char *at, bool *is_cut)
{
    size_t size = (size_t)(s->end - at), mark = sizeof BYTE_ORDER_MARK - 1;
    bool is_frame = s->d->framed && *at == '\0';
    bool is_mark = memcmp(at, BYTE_ORDER_MARK, size < mark ? size : mark) == 0;
    size_t need = is_frame ? FRAME_BYTES : is_mark ? mark : 0;
    *is_cut = need > size;
    return *is_cut ? 0 : need;
}

/* At the top: a list, something in front of a record, or no record at all. */
static enum fxi_decode next_text(const struct step *s, const char *start)
{
    struct fxi_decoder *d = s->d;
    if (*start == '[')
        return open_list(s, start);
    bool is_cut;
    size_t prefix = prefix_size(s, start, &is_cut);
    if (prefix) {
        *s->at = start + prefix;
        return GO_ON;
    }
    const char *newline = memchr(start, '\n', (size_t)(s->end - start));
    if (d->part == FXI_PART_OPEN && (is_cut || !newline))
        return leave(s, start);
    *s->at = newline ? newline + 1 : s->end;
    d->start = start;
    return fault(s, start, is_cut && !*start ? FXI_DECODE_TRUNCATED : reason_of(start));
}

enum fxi_decode fxi_list_next(struct fxi_decoder *d, const char **at, const char *end, struct fx_value *row,
                              struct fxi_arena *arena, const char **where)
{
    const struct step step = {d, fxi_skip_space(*at, end, true), at, end, row, arena, where};
    enum fxi_decode decode;
    d->start = step.from; /* of a fault that is no element's */
    do {
        const char *start = fxi_skip_space(*at, end, true);
        if (d->list.place)
            decode = next_in_list(&step);
        else if (start == end)
            decode = leave(&step, end);
        else if (*start == '{')
            decode = (*at = start, fxi_decoder_next(d, at, end, row, arena, where));
        else
            decode = next_text(&step, start);
    } while (decode == GO_ON);
    return decode;
}
