/*
 * What the decoder's files share: claims as a tree, what a record held for them, and what was learnt about the
 * order of members. One decoder is one worker's; nothing here is shared between threads.
 */
#ifndef FXI_DECODE_STATE_H
#define FXI_DECODE_STATE_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoder.h"

#define FXI_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FXI_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Where a value begins, this many bytes can be read: glue is matched in front of that. */
#define FXI_VALUE_SLACK 64
#define FXI_GLUE_MAX    32
#define FXI_SLACK       (FXI_VALUE_SLACK + FXI_GLUE_MAX)

/*
 * The names of claimed paths as a tree in depth-first order, so that what is below a node is the range
 * (node, end). Node 0 stands for everything that nobody claimed, node 1 for the record itself.
 */
enum { FXI_NODE_NOBODY, FXI_NODE_RECORD, FXI_NODE_FIRST };
#define FXI_NODE_MAX 32767

struct fxi_node_name {
    uint64_t head; /* its first eight bytes, padded with zero */
    char *text;    /* owned */
    size_t size;
};

struct fxi_claim {
    struct fxi_node_name name;
    uint64_t child_sizes; /* bit n: a child's name has n bytes; bit 63: 63 or more */
    uint16_t child, sibling, end;
};

/* The last value that a record had at a node. */
enum fxi_kind {
    FXI_KIND_ABSENT = 0,
    FXI_KIND_STRING,  /* text as it is */
    FXI_KIND_ESCAPED, /* text with escapes */
    FXI_KIND_DIGITS,  /* a number of 1 to 15 digits and nothing else */
    FXI_KIND_NUMBER,  /* any other */
    FXI_KIND_BOOLEAN,
    FXI_KIND_NULL,
    FXI_KIND_CONTAINER
};

struct fxi_capture {
    const char *text; /* in the payload or in the tail's copy; without quotes */
    uint32_t size;
    uint32_t kind;
};

/*
 * One member as it was seen: the bytes from the end of the value before it (or the opening brace) to the
 * beginning of its own, such as [, "as_src": ], and what follows from them. If the bytes are the same again in the
 * same kind of place, neither their grammar nor their name needs to be looked at again.
 */
struct fxi_entry {
    char glue[FXI_GLUE_MAX];
    uint32_t context;            /* FXI_CONTEXT of the object, FXI_CONTEXT_NONE: empty */
    uint32_t glue_mask;          /* glue_size low bits */
    struct fxi_capture *capture; /* the node's */
    uint16_t node;
    uint16_t below;    /* so many captures behind the node's are of nodes below it */
    uint16_t next[2];  /* the entry that usually comes after it, and the last one that came instead */
    uint16_t inner[2]; /* the same for the first entry inside, if it is an object */
    uint8_t glue_size;
    uint8_t guess; /* the size that the next text is taken to have, FXI_GUESS_NONE: none */
    uint8_t last;  /* the size of the last one, */
    uint8_t run;   /* and how many in a row had it */
} __attribute__((aligned(64)));

/* Texts of so many records in a row must have had one size before it is guessed that the next one has it, too. */
#define FXI_GUESS_RUN  32
#define FXI_GUESS_NONE 255

/* The object's node, and whether the member is its first. An array's elements have no entries: none has its context. */
#define FXI_CONTEXT(node, first) ((uint32_t)(node) << 1 | (first))
#define FXI_CONTEXT_ARRAY        (UINT32_C(1) << 30)
#define FXI_CONTEXT_NONE         UINT32_MAX

/* Entries with a fixed meaning, then a table of sets of two. */
enum { FXI_ENTRY_NONE, FXI_ENTRY_RECORD, FXI_ENTRY_ELEMENT, FXI_ENTRY_SPARE, FXI_ENTRY_FIRST };
#define FXI_ENTRY_SETS  256
#define FXI_ENTRY_COUNT (FXI_ENTRY_FIRST + 2 * FXI_ENTRY_SETS)

/* An open object or array. */
struct fxi_frame {
    uint16_t *predict; /* where the guesses about the member behind it are kept */
    uint32_t context;  /* of its members or elements but the first */
};

/* A path with places of elements in it: all its names, and the nodes that they would have in objects. */
struct fxi_pick_name {
    char *text;
    size_t size;
    uint32_t node;
};

struct fxi_pick {
    unsigned count;
    struct fxi_pick_name names[];
};

/* What becomes of a capture. */
struct fxi_target {
    const struct fxi_capture *capture; /* NULL: computed, never here */
    struct fxi_pick *pick;             /* owned; NULL: there is no such place in the path */
    uint32_t node;
    enum fx_type type;
    bool is_optional;
};

/* Where in a list at the top the payload stands. */
enum fxi_list_place {
    FXI_LIST_NONE,   /* in no list */
    FXI_LIST_FIRST,  /* behind '[' */
    FXI_LIST_BEHIND, /* behind an element */
    FXI_LIST_COMMA,  /* behind ',' */
    FXI_LIST_LOST    /* at the beginning of a line, after a fault */
};

struct fxi_list {
    uint8_t place;    /* enum fxi_list_place */
    bool has_records; /* an object was in it */
    bool was_told;    /* that something in it is wrong, or it will be */
    bool is_foreign;  /* all that was in it so far is no record, which is still to be told */
    bool is_broken;   /* its brackets or commas are wrong, which was told: only lines are to be relied on */
    unsigned depth;   /* open brackets */
};

struct fxi_decoder {
    struct fxi_list list;
    uint8_t part; /* enum fxi_part */
    bool framed;
    const char *join;
    size_t join_size;
    /* The bytes being parsed, from the record's start: the payload, then a padded copy of its last bytes. */
    const char *start, *end;
    uintptr_t last; /* the last place with FXI_SLACK bytes in front of the payload's end; in the copy its end */
    struct fxi_frame *frames, *frames_end;
    struct fxi_capture *captures; /* one a node */
    struct fxi_claim *claims;
    size_t claim_count;
    const char *(*parse)(struct fxi_decoder *d, const char *at);

    struct fxi_target *targets; /* one a field */
    size_t field_count;

    locale_t c_locale;

    unsigned second_hits;   /* see take_second */
    enum fxi_decode reason; /* of the last fault */
    const char *fault;

    const char *tail_origin; /* where the copy is from */
    char tail[FXI_SLACK + FXI_SLACK + 32];
    struct fxi_entry entries[FXI_ENTRY_COUNT];
};

/* Notes a fault and gives NULL. Bad syntax at the end is truncation. */
const char *fxi_decode_fault(struct fxi_decoder *d, const char *at, enum fxi_decode reason);

/* Goes on in the padded copy. */
const char *fxi_decode_enter_tail(struct fxi_decoder *d, const char *at);

/* The same place in the payload. */
static inline const char *fxi_decode_origin(const struct fxi_decoder *d, const char *at)
{
    uintptr_t offset = (uintptr_t)at - (uintptr_t)d->tail;
    return FXI_UNLIKELY(offset < sizeof d->tail) ? d->tail_origin + offset : at;
}

/* at, or its copy: FXI_SLACK bytes can be read from there. */
static inline const char *fxi_decode_readable(struct fxi_decoder *d, const char *at)
{
    return FXI_UNLIKELY((uintptr_t)at > d->last) ? fxi_decode_enter_tail(d, at) : at;
}

/* decoder.c: behind white space, newlines only where they are asked for. */
static inline const char *fxi_skip_space(const char *at, const char *end, bool also_newline)
{
    while (at < end && *at <= ' ' && (*at == ' ' || *at == '\t' || *at == '\r' || (also_newline && *at == '\n')))
        at++;
    return at;
}
/* Parses the object at `at` into the captures. Behind it in the payload, or NULL with the fault noted. */
const char *fxi_decode_object(struct fxi_decoder *d, const char *at, const char *end);

/* list.c: the same as fxi_decoder_next, for all that is not just one object behind the other. */
enum fxi_decode fxi_list_next(struct fxi_decoder *d, const char **at, const char *end, struct fx_value *row,
                              struct fxi_arena *arena, const char **where);
/*
 * From the beginning of an element that is malformed to the ',' or ']' behind it, as far as texts and brackets tell.
 * NULL: they don't. *is_cut: because the payload ends before.
 */
const char *fxi_list_resync(const char *at, const char *end, bool *is_cut);

/* claims.c */
int fxi_claims_make(struct fxi_decoder *d, const struct fxi_field *fields, size_t count, struct fx_error *err);
void fxi_claims_free(struct fxi_decoder *d);
/* The node of a member of the object at node. */
unsigned fxi_claim_find(const struct fxi_decoder *d, unsigned node, const char *name, size_t size);

/* learn.c: the entry of a member whose glue is [glue, glue + size) of the payload and whose name is as written. */
unsigned fxi_entry_get(struct fxi_decoder *d, uint32_t context, const char *glue, size_t size, const char *name,
                       size_t name_size, bool escaped);
void fxi_entries_init(struct fxi_decoder *d);

/* pick.c: what the path names in lists. False: it is not there. */
bool fxi_pick(const struct fxi_decoder *d, const struct fxi_pick *pick, struct fxi_capture *capture);
/* The scalars in the list or object at text, joined; value is left alone if there are none. 0, or -1: no room. */
int fxi_join(const struct fxi_decoder *d, const char *text, struct fx_value *value, struct fxi_arena *arena);

/* convert.c: from captures to the row. */
enum fxi_decode fxi_decode_convert(struct fxi_decoder *d, struct fx_value *row, struct fxi_arena *arena);

/* Bytes to compare with, each as often as a vector has places. Not const for the compiler: see scan_avx2.h. */
enum fxi_scan_byte {
    FXI_SCAN_QUOTE,
    FXI_SCAN_BACKSLASH,
    FXI_SCAN_SPACE,
    FXI_SCAN_ZERO,
    FXI_SCAN_NINE,
    FXI_SCAN_BYTE_COUNT
};
extern const unsigned char fxi_scan_bytes[FXI_SCAN_BYTE_COUNT][32] __attribute__((aligned(32), visibility("hidden")));

/* parse_*.c: the grammar, from '{' to behind its '}'; NULL with the fault noted. */
const char *fxi_parse_portable(struct fxi_decoder *d, const char *at);
#ifdef __x86_64__
const char *fxi_parse_sse2(struct fxi_decoder *d, const char *at);
const char *fxi_parse_avx2(struct fxi_decoder *d, const char *at);
#endif
#ifdef __aarch64__
const char *fxi_parse_neon(struct fxi_decoder *d, const char *at);
#endif

#endif
