/* Cuts an answer into lines as it arrives, with a bound on a line's length. */
#ifndef WHOIS_LINES_H
#define WHOIS_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define WHOIS_LINE_MAX 4096

struct whois_lines {
    size_t size;
    size_t raw_size; /* bytes since the last line that was given, with ends and left-out lines; inside take: of this
                    * line */
    bool too_long;   /* the rest of this line is skipped */
    bool after_cr;   /* a LF belongs to the line before */
    char line[WHOIS_LINE_MAX];
};

void whois_lines_init(struct whois_lines *lines);

/*
 * Takes the next piece and calls take for each line that ended (LF, CR or CR LF), even an empty one. take may change
 * the line. A line without an end is never given: it may be incomplete. Lines that are too long are left out.
 */
void whois_lines_feed(struct whois_lines *lines, const char *data, size_t size,
                      void (*take)(void *arg, char *line, size_t size), void *arg);

#endif
