/*
 * A dialect: how to ask one kind of whois server, and what the lines of its answer mean. Dialects are constant and
 * know nothing of sockets or tables. What was read so far is in a struct whois_reading.
 */
#ifndef WHOIS_DIALECT_H
#define WHOIS_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/name.h"
#include "base/text.h"

enum whois_said {
    WHOIS_SAID_NAME,    /* number and kept name */
    WHOIS_SAID_UNKNOWN, /* number, and the server knows no name for it */
    WHOIS_SAID_NO_MATCH /* one number has no name, but the line does not say which */
};

/* The object of an answer in RPSL or a similar format, as far as it has been read. */
struct whois_object {
    bool is_open;
    uint32_t first, last; /* the numbers that the object is about */
    size_t handle_size, text_size, country_size;
    char handle[256], text[512], country[2];
};

#define WHOIS_REFERRAL_MAX 264

struct whois_dialect;

struct whois_reading {
    const struct whois_dialect *dialect;
    const uint32_t *numbers; /* the numbers that were asked about, in order */
    size_t count;
    void (*take)(void *arg, enum whois_said said, uint32_t number, const char *kept, size_t size);
    void *arg;

    bool is_greeted;                   /* the answer is of the right kind */
    bool is_foreign;                   /* the answer is about numbers that were not asked: what it lacks means
                                        * nothing */
    bool is_refused;                   /* the server does not want to be asked at present */
    bool is_cut;                       /* the answer ended inside an object */
    bool is_unknown;                   /* for dialects that ask about one number: the server said that it knows none */
    bool has_name;                     /* a name was taken */
    char referral[WHOIS_REFERRAL_MAX]; /* HOST or HOST:PORT of a server that knows more; empty: none */
    struct whois_object object;
    size_t frame_left; /* irrd: bytes of the answer to numbers[answered] that are still to come */
    bool in_frame;
    size_t answered; /* irrd: answers that have ended */
};

struct whois_dialect {
    const char *name;
    bool is_bulk;    /* many numbers in a connection */
    bool is_endless; /* objects have no end, and are complete when the organisation has been named (ARIN) */
    /* What a server of this kind can be asked without burdening it, unless configured; 0: no limit. */
    int connections, batch;
    double queries_per_second;
    int64_t queries_per_day;
    const char *flags; /* before each number, unless configured; NULL: this dialect has no flags */
    /* Adds the query for all numbers to out. */
    void (*write_query)(struct whois_text *out, const char *flags, const uint32_t *numbers, size_t count);
    /* Reads one line, without its end; raw_size includes the end. */
    void (*read_line)(struct whois_reading *reading, const char *line, size_t size, size_t raw_size);
    /* The server has closed in order; may be NULL. */
    void (*finish)(struct whois_reading *reading);
};

void whois_reading_init(struct whois_reading *reading, const struct whois_dialect *dialect, const uint32_t *numbers,
                        size_t count);

/*
 * Whether this is a line in which servers of any kind say that they know nothing, or that they want to be left
 * alone.
 */
bool whois_line_is_unknown(const char *line, size_t size);
bool whois_line_is_refusal(const char *line, size_t size);

/* The objects of an answer, for the dialects that have objects (object.c). */
enum whois_object_end { WHOIS_ENDS_BLANK, WHOIS_ENDS_NEXT };
void whois_object_read(struct whois_reading *reading, const char *line, size_t size, enum whois_object_end end);
void whois_object_finish(struct whois_reading *reading);

#endif
