/*
 * What the decoder has learnt about members: a small table of fixed size from glue to entry. A collision costs time,
 * never correctness, since an entry is used only if its context and all its bytes match. Only the worker's thread.
 */
#include <string.h>

#include "decode/decoder_parts.h"
#include "decode/string.h"

#define EIGHT(b)      b, b, b, b, b, b, b, b
#define THIRTY_TWO(b) EIGHT(b), EIGHT(b), EIGHT(b), EIGHT(b)
const unsigned char fxi_scan_bytes[FXI_SCAN_BYTE_COUNT][32] __attribute__((aligned(32))) = {
    [FXI_SCAN_QUOTE] = {THIRTY_TWO('"')}, [FXI_SCAN_BACKSLASH] = {THIRTY_TWO('\\')},
    [FXI_SCAN_SPACE] = {THIRTY_TWO(' ')}, [FXI_SCAN_ZERO] = {THIRTY_TWO('0')},
    [FXI_SCAN_NINE] = {THIRTY_TWO(9)},
};

void fxi_entries_init(struct fxi_decoder *d)
{
    for (size_t i = 0; i < FXI_ENTRY_COUNT; i++)
        d->entries[i] =
            (struct fxi_entry){.context = FXI_CONTEXT_NONE, .capture = d->captures, .guess = FXI_GUESS_NONE};
    d->entries[FXI_ENTRY_RECORD].node = FXI_NODE_RECORD; /* its capture is never read */
}

static unsigned hash_glue(const char padded[FXI_GLUE_MAX], uint32_t context)
{
    uint64_t words[FXI_GLUE_MAX / 8];
    memcpy(words, padded, sizeof words);
    uint64_t hash = context;
    for (size_t i = 0; i < FXI_GLUE_MAX / 8; i++)
        hash = (hash ^ words[i] ^ (hash >> 29)) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(hash >> 32) % FXI_ENTRY_SETS;
}

static bool is_entry(const struct fxi_entry *entry, uint32_t context, const char padded[FXI_GLUE_MAX], size_t size)
{
    return entry->context == context && entry->glue_size == size && memcmp(entry->glue, padded, FXI_GLUE_MAX) == 0;
}

/* Names with escapes are rare. They are compared piece by piece, without memory for the unescaped name. */
static unsigned find_escaped(const struct fxi_decoder *d, unsigned object, const char *name, size_t size)
{
    for (unsigned i = d->claims[object].child; i; i = d->claims[i].sibling)
        if (fxi_string_equals(name, size, d->claims[i].name.text, d->claims[i].name.size))
            return i;
    return FXI_NODE_NOBODY;
}

static void set_node(const struct fxi_decoder *d, struct fxi_entry *entry, uint32_t context, const char *name,
                     size_t size, bool escaped)
{
    unsigned object = context >> 1;
    unsigned node = escaped ? find_escaped(d, object, name, size) : fxi_claim_find(d, object, name, size);
    entry->node = (uint16_t)node;
    entry->below = (uint16_t)(d->claims[node].end - node - 1);
    entry->capture = &d->captures[node];
}

unsigned fxi_entry_get(struct fxi_decoder *d, uint32_t context, const char *glue, size_t size, const char *name,
                       size_t name_size, bool escaped)
{
    if (size > FXI_GLUE_MAX) {
        set_node(d, &d->entries[FXI_ENTRY_SPARE], context, name, name_size, escaped);
        return FXI_ENTRY_SPARE;
    }
    char padded[FXI_GLUE_MAX] = {0};
    memcpy(padded, glue, size);
    unsigned first = FXI_ENTRY_FIRST + 2 * hash_glue(padded, context);
    if (is_entry(&d->entries[first], context, padded, size))
        return first;
    if (is_entry(&d->entries[first + 1], context, padded, size))
        return first + 1;
    /* The newer of the two entries is kept. */
    d->entries[first + 1] = d->entries[first];
    struct fxi_entry *entry = &d->entries[first];
    *entry = (struct fxi_entry){.context = context, .glue_size = (uint8_t)size, .guess = FXI_GUESS_NONE};
    entry->glue_mask = (uint32_t)((UINT64_C(1) << size) - 1);
    memcpy(entry->glue, padded, sizeof padded);
    set_node(d, entry, context, name, name_size, escaped);
    return first;
}
