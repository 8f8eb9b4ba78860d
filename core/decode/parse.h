/*
 * The grammar of a record, on the scanning that was included before: members are matched against the ones that
 * came in the same place last time, and parsed byte by byte only when they differ. One open object or array is
 * one frame; nothing recurses. The worker's thread.
 */
#ifndef FXI_DECODE_PARSE_H
#define FXI_DECODE_PARSE_H

#include "decode/parse_scalar.h"
#include "decode/state.h"

/* Where the parser stands. Lives in registers: nothing takes its address but what is inlined. */
struct place {
    struct fxi_frame *frame;
    struct fxi_entry *entry; /* of the member whose value comes, or came */
    uint16_t *predict;       /* where the number of the next member's entry is kept */
    uint32_t context;
};

/* Behind white space, with FXI_SLACK bytes to read. */
FXI_HOT const char *space_end(struct fxi_decoder *d, const char *at)
{
    while (at < d->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return fxi_decode_readable(d, at);
}

/* at: a name's opening quote. The place of the value; the entry's number in *number. */
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

/* A member that was not expected here, or the object's end: then *number is FXI_ENTRY_NONE. */
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

/* Sets *closed at an object's end. */
FXI_HOT const char *next_member(struct fxi_decoder *d, struct place *place, const char *at, bool *closed)
{
    struct fxi_entry *entry = &d->entries[*place->predict];
    /* More white space may follow where there was less last time. */
    if (FXI_LIKELY(entry->context == place->context && scan_glue(at, entry) && at[entry->glue_size] > ' ')) {
        at += entry->glue_size;
    } else {
        if (*at == '}') {
            *closed = true;
            return at + 1;
        }
        unsigned number;
        at = parse_member(d, place->context, at, &number);
        if (!at)
            return NULL;
        if (number == FXI_ENTRY_NONE) {
            *closed = true;
            return at;
        }
        *place->predict = (uint16_t)number;
        entry = &d->entries[number];
    }
    place->entry = entry;
    return at;
}

FXI_COLD const char *next_element(struct fxi_decoder *d, struct place *place, const char *at, bool *closed)
{
    at = space_end(d, at);
    if (*at == ']') {
        *closed = true;
        return at + 1;
    }
    if (!(place->context & 1)) {
        if (*at != ',')
            return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
        at = space_end(d, at + 1);
    }
    place->entry = &d->entries[FXI_ENTRY_ELEMENT];
    return at;
}

/* at: an opening brace or bracket. */
FXI_HOT const char *open_container(struct fxi_decoder *d, struct place *place, const char *at)
{
    if (FXI_UNLIKELY(++place->frame == d->frames_end))
        return fxi_decode_fault(d, at, FXI_DECODE_DEPTH);
    place->frame->node = place->entry->node;
    place->frame->is_array = *at == '[';
    place->frame->predict = &place->entry->next;
    place->predict = &place->entry->inner;
    place->context = FXI_CONTEXT(place->frame->node, 1);
    return at + 1;
}

FXI_HOT void close_container(struct place *place)
{
    place->predict = place->frame->predict;
    place->frame--;
    place->context = FXI_CONTEXT(place->frame->node, 0);
}

/* Of duplicates the last counts: whatever was below this member before is gone. */
FXI_HOT struct fxi_capture *capture_of(struct fxi_decoder *d, const struct fxi_entry *entry)
{
    for (unsigned node = entry->node + 1U; node < entry->node_end; node++)
        d->captures[node].kind = FXI_KIND_ABSENT;
    return &d->captures[entry->node];
}

FXI_HOT const char *scalar_value(struct fxi_decoder *d, struct fxi_capture *capture, const char *at)
{
    if (*at == '"')
        return string_value(d, capture, at);
    if ((unsigned char)(*at - '0') <= 9)
        return number_value(d, capture, at);
    return *at == '-' ? long_number(d, capture, at) : literal_value(d, capture, at);
}

FXI_HOT const char *parse_record(struct fxi_decoder *d, const char *at)
{
    struct place place = {d->frames, &d->entries[FXI_ENTRY_RECORD], NULL, 0};
    place.frame[0] = (struct fxi_frame){NULL, FXI_NODE_NOBODY, false};
    at = open_container(d, &place, at);
    for (;;) {
        at = fxi_decode_readable(d, at);
        bool closed = false;
        if (FXI_UNLIKELY(place.frame->is_array))
            at = next_element(d, &place, at, &closed);
        else
            at = next_member(d, &place, at, &closed);
        if (FXI_UNLIKELY(!at))
            return NULL;
        if (closed) {
            close_container(&place);
            if (place.frame == d->frames)
                return at;
            continue;
        }
        struct fxi_capture *capture = capture_of(d, place.entry);
        if (FXI_UNLIKELY(*at == '{' || *at == '[')) {
            capture->text = at;
            capture->kind = FXI_KIND_CONTAINER;
            at = open_container(d, &place, at);
        } else {
            place.predict = &place.entry->next;
            place.context = FXI_CONTEXT(place.frame->node, 0);
            at = scalar_value(d, capture, at);
        }
        if (FXI_UNLIKELY(!at))
            return NULL;
    }
}

#endif
