/*
 * The grammar of a record, using the scan_*.h that was included before. Members are compared with those that came in
 * the same place last time. Only members that differ are parsed byte by byte. Each open object or array has a frame;
 * nothing recurses. Only the worker's thread.
 */
#ifndef FXI_DECODE_PARSE_H
#define FXI_DECODE_PARSE_H

#include "decode/parse_scalar.h"
#include "decode/decoder_parts.h"

/* The parser's position. It stays in registers, since only inlined functions take its address. */
struct place {
    struct fxi_frame *frame;
    struct fxi_entry *entry; /* of the member whose value comes next, or came last */
    uint16_t *predict;       /* the numbers of the entries that may come next */
    uint32_t context;
};

/* Skips white space. FXI_SLACK bytes are readable at the result. */
FXI_HOT const char *space_end(struct fxi_decoder *d, const char *at)
{
    while (at < d->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return fxi_decode_readable(d, at);
}

/* Parses the name whose opening quote is at `at`. Gives the place of its value, and the entry's number in *number. */
FXI_HOT const char *parse_name(struct fxi_decoder *d, uint32_t context, const char *at, const char *glue,
                               unsigned *number)
{
    if (*at != '"')
        return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
    bool escaped = false;
    const char *name = at + 1;
    const char *name_end = string_end(d, name, &escaped);
    if (!name_end)
        return NULL;
    at = space_end(d, name_end + 1);
    if (*at != ':')
        return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
    at = space_end(d, at + 1);
    size_t glue_size = (size_t)(fxi_decode_origin(d, at) - glue);
    *number = fxi_entry_get(d, context, glue, glue_size, name, (size_t)(name_end - name), escaped);
    return at;
}

/* Parses an unexpected member. At the object's end *number is FXI_ENTRY_NONE. */
FXI_COLD const char *parse_member(struct fxi_decoder *d, uint32_t context, const char *at, unsigned *number)
{
    const char *glue = fxi_decode_origin(d, at);
    *number = FXI_ENTRY_NONE;
    at = space_end(d, at);
    if (*at == '}')
        return at + 1;
    if (!(context & 1)) {
        if (*at != ',')
            return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
        at = space_end(d, at + 1);
    }
    return parse_name(d, context, at, glue, number);
}

/* Whether the member here is this entry's. If more white space follows than last time, it is not. */
FXI_HOT bool is_expected(const struct fxi_entry *entry, uint32_t context, const char *at)
{
    return entry->context == context && scan_glue(at, entry) && at[entry->glue_size] > ' ';
}

/* The second guess was right. Every 16th time it becomes the first, so that a lasting change of order is found soon. */
FXI_HOT void take_second(struct fxi_decoder *d, uint16_t *predict)
{
    if (++d->second_hits % 16 != 0)
        return;
    uint16_t first = predict[0];
    predict[0] = predict[1];
    predict[1] = first;
}

/* Finds the entry of a member that is not the usual one. At the object's end *entry is NULL. */
FXI_COLD const char *other_member(struct fxi_decoder *d, uint32_t context, uint16_t *predict, const char *at,
                                  struct fxi_entry **entry)
{
    *entry = &d->entries[predict[1]];
    if (is_expected(*entry, context, at)) {
        take_second(d, predict);
        return at + (*entry)->glue_size;
    }
    unsigned number;
    at = parse_member(d, context, at, &number);
    if (number == FXI_ENTRY_NONE) {
        *entry = NULL;
        return at;
    }
    predict[predict[0] != FXI_ENTRY_NONE] = (uint16_t)number;
    *entry = &d->entries[number];
    return at;
}

FXI_COLD const char *parse_element(struct fxi_decoder *d, uint32_t context, const char *at, bool *is_end)
{
    at = space_end(d, at);
    *is_end = *at == ']';
    if (*is_end)
        return at + 1;
    if (!(context & 1)) {
        if (*at != ',')
            return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
        at = space_end(d, at + 1);
    }
    return at;
}

/* next_item for arrays. */
FXI_HOT const char *next_element(struct fxi_decoder *d, struct place *place, const char *at, bool *closed)
{
    bool is_end;
    at = parse_element(d, place->context, at, &is_end);
    *closed = is_end;
    place->entry = &d->entries[FXI_ENTRY_ELEMENT];
    return at;
}

/* Finds the next value and its entry. *closed: the object or array has ended. Gives NULL with the fault noted. */
FXI_HOT const char *next_item(struct fxi_decoder *d, struct place *place, const char *at, bool *closed)
{
    struct fxi_entry *entry = &d->entries[place->predict[0]];
    __asm__("" : "+r"(entry)); /* keep one pointer, in place of an address calculated for each member */
    *closed = false;
    if (FXI_LIKELY(is_expected(entry, place->context, at))) {
        place->entry = entry;
        return at + entry->glue_size;
    }
    if (FXI_UNLIKELY(place->context & FXI_CONTEXT_ARRAY))
        return next_element(d, place, at, closed);
    if (*at == '}') {
        *closed = true;
        return at + 1;
    }
    struct fxi_entry *other;
    at = other_member(d, place->context, place->predict, at, &other);
    *closed = !other;
    place->entry = other;
    return at;
}

/* Opens the object or array whose bracket is at `at`. */
FXI_HOT const char *open_container(struct fxi_decoder *d, struct place *place, const char *at)
{
    if (FXI_UNLIKELY(++place->frame == d->frames_end))
        return fxi_decode_fault(d, at, FXI_DECODE_DEPTH);
    place->frame->context = *at == '[' ? FXI_CONTEXT_ARRAY : FXI_CONTEXT(place->entry->node, 0);
    place->frame->predict = place->entry->next;
    place->predict = place->entry->inner;
    place->context = place->frame->context | 1;
    return at + 1;
}

FXI_HOT void close_container(struct place *place)
{
    place->predict = place->frame->predict;
    place->frame--;
    place->context = place->frame->context;
}

/* Of duplicates the last one counts, so everything below an earlier one is forgotten. */
FXI_HOT struct fxi_capture *capture_of(const struct fxi_entry *entry)
{
    for (unsigned i = entry->below; FXI_UNLIKELY(i); i--)
        entry->capture[i].kind = FXI_KIND_ABSENT;
    return entry->capture;
}

FXI_HOT const char *scalar_value(struct fxi_decoder *d, struct fxi_capture *capture, struct fxi_entry *entry,
                                 const char *at)
{
    if (*at == '"')
        return string_value(d, capture, entry, at);
    if ((unsigned char)(*at - '0') <= 9)
        return number_value(d, capture, at);
    return *at == '-' ? long_number(d, capture, at) : literal_value(d, capture, at);
}

FXI_HOT const char *parse_record(struct fxi_decoder *d, const char *at)
{
    struct place place = {d->frames, &d->entries[FXI_ENTRY_RECORD], NULL, 0};
    place.frame[0] = (struct fxi_frame){NULL, FXI_CONTEXT(FXI_NODE_NOBODY, 0)};
    at = open_container(d, &place, at);
    for (;;) {
        at = fxi_decode_readable(d, at);
        bool closed;
        at = next_item(d, &place, at, &closed);
        if (FXI_UNLIKELY(!at))
            return NULL;
        if (FXI_UNLIKELY(closed)) {
            close_container(&place);
            if (place.frame == d->frames)
                return at;
            continue;
        }
        struct fxi_capture *capture = capture_of(place.entry);
        if (FXI_UNLIKELY(*at == '{' || *at == '[')) {
            capture->text = at;
            capture->kind = FXI_KIND_CONTAINER;
            at = open_container(d, &place, at);
        } else {
            place.predict = place.entry->next;
            place.context &= ~UINT32_C(1);
            at = scalar_value(d, capture, place.entry, at);
        }
        if (FXI_UNLIKELY(!at))
            return NULL;
    }
}

#endif
