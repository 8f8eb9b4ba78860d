/*
 * Everything in a payload besides objects on lines: lists of records, byte order marks, a schema registry's framing,
 * and what is not a record. Only the worker's thread.
 *
 * A list is taken one element at a time, so it may have any length. A malformed element costs only itself:
 *
 *   - To find the element's end, the brackets and texts from its beginning on are followed to the next comma or closing
 *     bracket outside of them. If brackets do not match, a text contains a newline, or the payload ends first, the end
 *     is unknown. Then the list continues with the next line that begins with an object, a comma or the list's end.
 *     There a ']' is not the list's end if more of an object follows, or a comma that the outermost list can't have.
 *   - This search is bounded. If it finds no end, the element has an open bracket around all bytes that were passed. A
 *     search gives up at LOOK_DEPTH open brackets, so no byte is passed more than LOOK_DEPTH times.
 *   - A comma may be missing between records on separate lines, or after a list in the list. This costs no record. It
 *     is reported once for each list, since the wrong character may be the '['. The report comes before the element
 *     that follows. So *at may stay where it is this once, if the call before ended there: after the "]" of ",]{".
 *   - A comma before the list's end, and a list without an end, are faults that cost no record.
 *   - An element that is neither an object nor a list is not a record. All of them before the first object are reported
 *     as one fault: [1, 2, 3] is not a list of records.
 */
#include <string.h>

#include "decode/decoder_parts.h"

/* Internal to this file: the step gave no result, but it moved *at or changed the list's place. */
#define GO_ON ((enum fxi_decode) - 1)

/* How many nested brackets are followed to find an element's end. */
#define LOOK_DEPTH 256

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define FRAME_BYTES     5

/* The arguments that this file's functions pass on. */
struct step {
    struct fxi_decoder *d;
    const char *from; /* the beginning of the whole call */
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

/* Ends this payload for now. The next payload begins with the bytes from here on. */
static enum fxi_decode leave(const struct step *s, const char *here)
{
    *s->at = here;
    return FXI_DECODE_END;
}

const char *fxi_list_resync(const char *at, const char *end, bool *is_cut)
{
    unsigned char kinds[LOOK_DEPTH / 8]; /* one bit for each open bracket: set if it is a brace */
    unsigned depth = 0;
    bool in_text = false, on_next_line = false;
    *is_cut = false;
    for (; at < end; at++) {
        on_next_line |= depth == 0 && *at == '\n';
        if (in_text) {
            if (*at == '\n')
                return NULL;
            if (*at == '\\' && at + 1 < end)
                at++; /* a backslash before a newline is left for the parser to report */
            else if (*at == '"')
                in_text = false;
        } else if (*at == '"') {
            in_text = true;
        } else if (*at == '{' || *at == '[') {
            if (depth == LOOK_DEPTH || on_next_line) /* on a line of its own it begins another element */
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

/* Rejects the element at start. */
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

/* Reports everything before the first record, or the whole list, as not a record. */
static enum fxi_decode tell_foreign(const struct step *s, const char *here)
{
    s->d->list.is_foreign = false;
    s->d->start = s->from;
    *s->at = here;
    return fault(s, s->from, FXI_DECODE_NOT_OBJECT);
}

/* Whether a record or list begins here. On a line of its own, it shows that a comma is missing before it. */
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

/* Another JSON value is not a record. Anything else is not JSON. */
static enum fxi_decode reason_of(const char *at)
{
    return *at && strchr("[\"-0123456789tfn", *at) ? FXI_DECODE_NOT_OBJECT : FXI_DECODE_SYNTAX;
}

/* Ends the list at a ']'. */
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

/* The payload ends inside the list. After an earlier fault the missing end is not reported. */
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

/* Opens a list at a '['. */
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

/* Skips a line that can't be used after a fault. */
static enum fxi_decode pass_line(const struct step *s, const char *here)
{
    const char *newline = memchr(here, '\n', (size_t)(s->end - here));
    if (!newline && s->d->part == FXI_PART_OPEN)
        return leave(s, here);
    *s->at = newline ? newline + 1 : s->end;
    return GO_ON;
}

/* A comma is missing: here a record or list begins on a line of its own, after an element. */
static enum fxi_decode miss_comma(const struct step *s, const char *here)
{
    struct fxi_list *list = &s->d->list;
    bool is_told_before = list->is_broken;
    list->is_foreign &= is_told_before; /* one report is enough */
    list->is_broken = true;
    list->place = FXI_LIST_LOST;
    if (*here == '[') /* then the end of the list is missing, not a comma */
        list->place = FXI_LIST_NONE;
    return is_told_before ? GO_ON : fault(s, here, FXI_DECODE_SYNTAX);
}

/*
 * here: a ']' on a line after a fault, where the depth of brackets is not known. What follows tells whether it is the
 * list's end or belongs to what was lost. *is_cut: more of the payload is needed to tell.
 */
static bool is_inner_bracket(const struct step *s, const char *here, bool *is_cut)
{
    bool is_outermost = s->d->list.depth == 1;
    const char *behind = fxi_skip_space(here + 1, s->end, true);
    const char *next = behind < s->end && *behind == ',' ? fxi_skip_space(behind + 1, s->end, true) : behind;
    *is_cut = next == s->end && s->d->part == FXI_PART_OPEN;
    if (behind == s->end || *is_cut)
        return false;
    if (*behind == ',')
        return is_outermost || (next < s->end && *next == '"');
    return *behind == '}' || (*behind == ']' && is_outermost);
}

static enum fxi_decode next_in_list(const struct step *s)
{
    struct fxi_list *list = &s->d->list;
    const char *here = fxi_skip_space(*s->at, s->end, true);
    *s->at = here;
    if (here == s->end)
        return cut_list(s);
    bool was_lost = list->place == FXI_LIST_LOST;
    bool is_cut = false;
    if (*here == ']' && was_lost && is_inner_bracket(s, here, &is_cut))
        return pass_line(s, here);
    if (*here == ']')
        return is_cut ? leave(s, here) : end_list(s, here);
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

/*
 * The size of a byte order mark or framing before a record or list. *is_cut: more of the payload is needed to decide.
 */
static size_t prefix_size(const struct step *s, const char *at, bool *is_cut)
{
    size_t size = (size_t)(s->end - at), mark = sizeof BYTE_ORDER_MARK - 1;
    bool is_frame = s->d->framed && *at == '\0';
    bool is_mark = memcmp(at, BYTE_ORDER_MARK, size < mark ? size : mark) == 0;
    size_t need = is_frame ? FRAME_BYTES : is_mark ? mark : 0;
    *is_cut = need > size;
    return *is_cut ? 0 : need;
}

/* Outside lists: opens a list, skips what may precede a record, or rejects a line. */
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
    d->start = step.from; /* for faults that belong to no element */
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
