/* Strings, numbers and literals, using the scan_*.h that was included before. A part of parse.h. */
#ifndef FXI_DECODE_PARSE_SCALAR_H
#define FXI_DECODE_PARSE_SCALAR_H

#include "decode/number.h"
#include "decode/string.h"
#include "util/utf8.h"

/* The end of plain text: a special byte, or end. */
FXI_HOT const char *plain_end(const char *at, const char *end)
{
    while ((size_t)(end - at) >= SCAN_WIDTH) {
        unsigned plain = scan_special(at);
        at += plain;
        if (plain < SCAN_WIDTH)
            return at;
    }
    while (at < end && (signed char)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* Skips the escape whose backslash is before `at`. */
FXI_COLD const char *skip_escape(struct fxi_decoder *d, const char *at)
{
    const char *stop;
    const char *behind = fxi_escape_end(at, d->end, &stop);
    return behind ? behind : fxi_decode_fault(d, stop, FXI_DECODE_SYNTAX);
}

FXI_COLD const char *skip_character(struct fxi_decoder *d, const char *at)
{
    size_t size = fxi_utf8_size(at, d->end);
    if (!size)
        return fxi_decode_fault(d, at, FXI_DECODE_ENCODING);
    return size > (size_t)(d->end - at) ? fxi_decode_fault(d, d->end, FXI_DECODE_TRUNCATED) : at + size;
}

/* Gives the closing quote of the string around `at`. Sets *escaped if the string has an escape. */
FXI_COLD const char *string_end(struct fxi_decoder *d, const char *at, bool *escaped)
{
    while (at) {
        at = plain_end(at, d->end);
        if (at == d->end || (unsigned char)*at < 0x20)
            return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
        if (*at == '"')
            return at;
        if (*at == '\\') {
            *escaped = true;
            at = skip_escape(d, at + 1);
        } else {
            at = skip_character(d, at);
        }
    }
    return NULL;
}

FXI_HOT const char *capture_span(struct fxi_decoder *d, struct fxi_capture *capture, const char *at, const char *end,
                                 enum fxi_kind kind)
{
    if (FXI_UNLIKELY((size_t)(end - at) > UINT32_MAX))
        return fxi_decode_fault(d, at, FXI_DECODE_RANGE);
    capture->text = at;
    capture->size = (uint32_t)(end - at);
    capture->kind = kind;
    return end;
}

FXI_COLD const char *long_string(struct fxi_decoder *d, struct fxi_capture *capture, const char *at)
{
    bool escaped = false;
    const char *end = string_end(d, at, &escaped);
    if (!end || !capture_span(d, capture, at, end, escaped ? FXI_KIND_ESCAPED : FXI_KIND_STRING))
        return NULL;
    return end + 1;
}

/* Notes the size of this member's text. There are no branches, since varying sizes would be mispredicted. */
FXI_HOT void learn_size(struct fxi_entry *entry, unsigned size)
{
    unsigned same = 0U - (entry->last == size);
    unsigned run = (entry->run + (entry->run < FXI_GUESS_RUN)) & same;
    entry->last = (uint8_t)size;
    entry->run = (uint8_t)run;
    entry->guess = (uint8_t)(size | (0U - (run < FXI_GUESS_RUN))); /* after too short a run: FXI_GUESS_NONE, all ones */
}

/*
 * Takes the string whose opening quote is at `at`. After 32 bytes it leaves the path for short strings. Many members
 * have texts of one size (times, protocols). For these the size is guessed, so that the processor can continue before
 * it knows the size. A branch, which is predicted, proves the guess. Using the size itself in the address would make
 * the processor wait.
 */
FXI_HOT const char *string_value(struct fxi_decoder *d, struct fxi_capture *capture, struct fxi_entry *entry,
                                 const char *at)
{
    at++;
    unsigned size = scan_special(at);
    for (unsigned seen = SCAN_WIDTH; seen < 32 && size == seen; seen += SCAN_WIDTH)
        size += scan_special(at + seen);
    unsigned guess = entry->guess, hidden = guess;
    __asm__("" : "+r"(hidden)); /* hides from the compiler that the guess equals size; it would use size instead */
    if (size == guess)
        size = hidden;
    else
        learn_size(entry, size);
    if (FXI_UNLIKELY(at[size] != '"'))
        return long_string(d, capture, at);
    capture->text = at;
    capture->size = size;
    capture->kind = FXI_KIND_STRING;
    return at + size + 1;
}

FXI_COLD const char *long_number(struct fxi_decoder *d, struct fxi_capture *capture, const char *at)
{
    const char *stop;
    const char *end = fxi_number_end(at, d->end, &stop);
    if (!end)
        return fxi_decode_fault(d, stop, FXI_DECODE_SYNTAX);
    return capture_span(d, capture, at, end, FXI_KIND_NUMBER);
}

FXI_HOT const char *number_value(struct fxi_decoder *d, struct fxi_capture *capture, const char *at)
{
    unsigned size = scan_digits(at);
    char behind = at[size];
    if (FXI_UNLIKELY(size - 1 >= 15 || (*at == '0' && size > 1)))
        return long_number(d, capture, at);
    if (FXI_UNLIKELY(behind != ',' && (behind == '.' || (behind | 0x20) == 'e')))
        return long_number(d, capture, at);
    capture->text = at;
    capture->size = size;
    capture->kind = FXI_KIND_DIGITS;
    return at + size;
}

FXI_COLD const char *literal_value(struct fxi_decoder *d, struct fxi_capture *capture, const char *at)
{
    const char *word = *at == 't' ? "true" : *at == 'f' ? "false" : *at == 'n' ? "null" : NULL;
    if (!word)
        return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
    const char *start = at;
    for (; *word; word++, at++)
        if (at == d->end || *at != *word)
            return fxi_decode_fault(d, at, FXI_DECODE_SYNTAX);
    return capture_span(d, capture, start, at, *start == 'n' ? FXI_KIND_NULL : FXI_KIND_BOOLEAN);
}

#endif
