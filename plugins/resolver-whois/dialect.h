/*
 * A dialect: how one kind of whois server is asked, and what the lines of its
 * answer mean. Dialects are constant and know nothing of sockets or tables.
 */
#ifndef WHOIS_DIALECT_H
#define WHOIS_DIALECT_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum whois_line_kind {
    WHOIS_LINE_OTHER,    /* of no use */
    WHOIS_LINE_GREETING, /* the server speaks this dialect */
    WHOIS_LINE_NAME,     /* number and name */
    WHOIS_LINE_UNKNOWN,  /* number, and the server knows no name for it */
    WHOIS_LINE_NO_MATCH  /* there is no name for one number, it does not say which */
};

struct whois_line {
    uint32_t number;
    const char *name; /* raw, inside the line; clean it */
    size_t name_size;
};

struct whois_dialect {
    const char *name;
    /* Adds the query for all numbers to out. */
    void (*write_query)(struct whois_text *out, const uint32_t *numbers, size_t count);
    /* Reads one line, without its end. line_out is filled for NAME and UNKNOWN. */
    enum whois_line_kind (*read_line)(const char *line, size_t size, struct whois_line *line_out);
};

/* Team Cymru's bulk interface. */
extern const struct whois_dialect whois_cymru;

#endif
