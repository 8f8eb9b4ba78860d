/*
 * Shared by the decoder's files: the tree of claims, what a record held for them, and what was learnt about the order
 * of members. A decoder belongs to one worker; threads share nothing here.
 */
#ifndef FXI_DECODE_DECODER_PARTS_H
#define FXI_DECODE_DECODER_PARTS_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoder.h"

#define FXI_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FXI_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* This many bytes are readable at the beginning of a value. The glue before the value needs FXI_GLUE_MAX more. */
#define FXI_VALUE_SLACK 64
#define FXI_GLUE_MAX    32
#define FXI_SLACK       (FXI_VALUE_SLACK + FXI_GLUE_MAX)

/*
 * The names of claimed paths as a tree, sorted depth-first: the nodes below a node are (node, end). Node 0 stands for
 * all members that no path claims, node 1 for the record itself.
 */
enum { FXI_NODE_NOBODY, FXI_NODE_RECORD, FXI_NODE_FIRST };
#define FXI_NODE_MAX 32767

struct fxi_node_name {
    uint64_t head; /* the first eight bytes, padded with zeros */
    char *text;    /* owned */
    size_t size;
};

struct fxi_claim {
    struct fxi_node_name name;
    uint64_t child_sizes; /* bit n: a child's name has n bytes; bit 63: 63 bytes or more */
    uint16_t child, sibling, end;
};

/* What a record held last at a node. */
enum fxi_kind {
    FXI_KIND_ABSENT = 0,
    FXI_KIND_STRING,  /* text without escapes */
    FXI_KIND_ESCAPED, /* text with escapes */
    FXI_KIND_DIGITS,  /* a number of 1 to 15 digits and nothing else */
    FXI_KIND_NUMBER,  /* any other number */
    FXI_KIND_BOOLEAN,
    FXI_KIND_NULL,
    FXI_KIND_CONTAINER
};

struct fxi_capture {
    const char *text; /* in the payload or in the copy of its tail; without quotes */
    uint32_t size;
    uint32_t kind;
};

/*
 * A member as it was seen before. Its glue is all bytes between the end of the value before it (or the opening brace)
 * and the beginning of its own value, such as [, "as_src": ]. If the same bytes come again in the same context, neither
 * the grammar nor the name has to be checked again.
 */
struct fxi_entry {
    char glue[FXI_GLUE_MAX];
    uint32_t context;            /* FXI_CONTEXT of the object; FXI_CONTEXT_NONE: the entry is empty */
    uint32_t glue_mask;          /* the low glue_size bits are set */
    struct fxi_capture *capture; /* of the node */
    uint16_t node;
    uint16_t below;    /* how many captures after the node's belong to nodes below it */
    uint16_t next[2];  /* the entry that usually follows, and the last other one that did */
    uint16_t inner[2]; /* the same for the first entry inside, if the value is an object */
    uint8_t glue_size;
    uint8_t guess; /* the expected size of the next text, or FXI_GUESS_NONE */
    uint8_t last;  /* the size of the last text */
    uint8_t run;   /* how many texts in a row had this size */
} __attribute__((aligned(64)));

/* The size is guessed once this many texts in a row had the same size. */
#define FXI_GUESS_RUN  32
#define FXI_GUESS_NONE 255

/*
 * The object's node, and whether the member is the first. An array's elements have no entries, so no entry has the
 * context of an array.
 */
#define FXI_CONTEXT(node, first) ((uint32_t)(node) << 1 | (first))
#define FXI_CONTEXT_ARRAY        (UINT32_C(1) << 30)
#define FXI_CONTEXT_NONE         UINT32_MAX

/* Entries with a fixed meaning. The table of sets of two follows. */
enum { FXI_ENTRY_NONE, FXI_ENTRY_RECORD, FXI_ENTRY_ELEMENT, FXI_ENTRY_SPARE, FXI_ENTRY_FIRST };
#define FXI_ENTRY_SETS  256
#define FXI_ENTRY_COUNT (FXI_ENTRY_FIRST + 2 * FXI_ENTRY_SETS)

/* An open object or array. */
struct fxi_frame {
    uint16_t *predict; /* the guesses about the member that follows it */
    uint32_t context;  /* for all members or elements but the first */
};

/* A name of a path with element indexes, and the node that it would have in an object. */
struct fxi_pick_name {
    char *text;
    size_t size;
    uint32_t node;
};

struct fxi_pick {
    unsigned count;
    struct fxi_pick_name names[];
};

/* Where the value of a capture goes. */
struct fxi_target {
    const struct fxi_capture *capture; /* NULL: the field is computed, so never in the payload */
    struct fxi_pick *pick;             /* owned; NULL: the path has no element index */
    uint32_t node;
    enum fx_type type;
    bool is_optional, is_lenient;
};

/* The position in a list at the top. */
enum fxi_list_place {
    FXI_LIST_NONE,   /* outside of lists */
    FXI_LIST_FIRST,  /* after '[' */
    FXI_LIST_BEHIND, /* after an element */
    FXI_LIST_COMMA,  /* after ',' */
    FXI_LIST_LOST    /* at the beginning of a line, after a fault */
};

struct fxi_list {
    uint8_t place;    /* enum fxi_list_place */
    bool has_records; /* it had an object */
    bool was_told;    /* a fault in it was reported, or will be */
    bool is_foreign;  /* nothing in it was a record so far; this is still to be reported */
    bool is_broken;   /* its brackets or commas are wrong, as reported; only lines can be relied on */
    unsigned depth;   /* open brackets */
};

struct fxi_decoder {
    struct fxi_list list;
    uint8_t part; /* enum fxi_part */
    bool framed;
    const char *join;
    size_t join_size;
    /* The bytes being parsed, from the record's beginning: first the payload, then a padded copy of its last bytes. */
    const char *start, *end;
    uintptr_t last; /* the last place with FXI_SLACK bytes before the payload's end; in the copy, its end */
    struct fxi_frame *frames, *frames_end;
    struct fxi_capture *captures; /* one for each node */
    struct fxi_claim *claims;
    size_t claim_count;
    const char *(*parse)(struct fxi_decoder *d, const char *at);

    struct fxi_target *targets; /* one for each field */
    size_t field_count;

    locale_t c_locale;

    unsigned second_hits;   /* see take_second */
    enum fxi_decode reason; /* of the last fault */
    const char *fault;

    const char *tail_origin; /* the place in the payload that the copy is from */
    char tail[FXI_SLACK + FXI_SLACK + 32];
    struct fxi_entry entries[FXI_ENTRY_COUNT];
};

/* Notes a fault and gives NULL. A syntax error at the end is truncation. */
const char *fxi_decode_fault(struct fxi_decoder *d, const char *at, enum fxi_decode reason);

/* Continues in a padded copy of the payload's last bytes. Gives the place in the copy. */
const char *fxi_decode_enter_tail(struct fxi_decoder *d, const char *at);

/* The place in the payload, for a place in the payload or the copy. */
static inline const char *fxi_decode_origin(const struct fxi_decoder *d, const char *at)
{
    uintptr_t offset = (uintptr_t)at - (uintptr_t)d->tail;
    return FXI_UNLIKELY(offset < sizeof d->tail) ? d->tail_origin + offset : at;
}

/* The same place in the payload or the copy, whichever has FXI_SLACK readable bytes. */
static inline const char *fxi_decode_readable(struct fxi_decoder *d, const char *at)
{
    return FXI_UNLIKELY((uintptr_t)at > d->last) ? fxi_decode_enter_tail(d, at) : at;
}

/* Skips white space; newlines only if also_newline is set. */
static inline const char *fxi_skip_space(const char *at, const char *end, bool also_newline)
{
    while (at < end && *at <= ' ' && (*at == ' ' || *at == '\t' || *at == '\r' || (also_newline && *at == '\n')))
        at++;
    return at;
}
/*
 * Parses the object at `at` into the captures. Gives the place after it in the payload, or NULL with the fault noted.
 */
const char *fxi_decode_object(struct fxi_decoder *d, const char *at, const char *end);

/* list.c: like fxi_decoder_next, for everything that is not an object on its line. */
enum fxi_decode fxi_list_next(struct fxi_decoder *d, const char **at, const char *end, struct fx_value *row,
                              struct fxi_arena *arena, const char **where);
/*
 * Follows texts and brackets from the beginning of a malformed element to the ',' or ']' after it. NULL: they do not
 * lead to one. *is_cut: the payload ended first.
 */
const char *fxi_list_resync(const char *at, const char *end, bool *is_cut);

/* claims.c */
int fxi_claims_make(struct fxi_decoder *d, const struct fxi_field *fields, size_t count, struct fx_error *err);
void fxi_claims_free(struct fxi_decoder *d);
/* Gives the node of a member of the object at node. */
unsigned fxi_claim_find(const struct fxi_decoder *d, unsigned node, const char *name, size_t size);

/* learn.c: gives the entry of a member with the glue [glue, glue + size) in the payload and the name as written. */
unsigned fxi_entry_get(struct fxi_decoder *d, uint32_t context, const char *glue, size_t size, const char *name,
                       size_t name_size, bool escaped);
void fxi_entries_init(struct fxi_decoder *d);

/* pick.c: takes the value that a path with element indexes names. False: there is none. */
bool fxi_pick(const struct fxi_decoder *d, const struct fxi_pick *pick, struct fxi_capture *capture);
/*
 * Joins the scalars in the list or object at text. Without scalars, value is left as it is. Gives 0, or -1 without
 * room.
 */
int fxi_join(const struct fxi_decoder *d, const char *text, struct fx_value *value, struct fxi_arena *arena);

/* convert.c: fills the row from the captures. */
enum fxi_decode fxi_decode_convert(struct fxi_decoder *d, struct fx_value *row, struct fxi_arena *arena);

/* Bytes to compare with, repeated to fill a vector. Not const for the compiler: see scan_avx2.h. */
enum fxi_scan_byte {
    FXI_SCAN_QUOTE,
    FXI_SCAN_BACKSLASH,
    FXI_SCAN_SPACE,
    FXI_SCAN_ZERO,
    FXI_SCAN_NINE,
    FXI_SCAN_BYTE_COUNT
};
extern const unsigned char fxi_scan_bytes[FXI_SCAN_BYTE_COUNT][32] __attribute__((aligned(32), visibility("hidden")));

/* parse_*.c: parse the object at '{'. Give the place after its '}', or NULL with the fault noted. */
const char *fxi_parse_portable(struct fxi_decoder *d, const char *at);
#ifdef __x86_64__
const char *fxi_parse_sse2(struct fxi_decoder *d, const char *at);
const char *fxi_parse_avx2(struct fxi_decoder *d, const char *at);
#endif
#ifdef __aarch64__
const char *fxi_parse_neon(struct fxi_decoder *d, const char *at);
#endif

#endif
