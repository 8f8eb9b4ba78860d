/* A growing text: the query to send. Owned by one thread. */
#ifndef WHOIS_TEXT_H
#define WHOIS_TEXT_H

#include <stddef.h>

#include <flow-exporter/visibility.h>

struct whois_text {
    char *data;
    size_t size, capacity;
    int failed; /* there was no memory: the text is incomplete */
};

void whois_text_printf(struct whois_text *text, const char *format, ...) FX_PRINTF(2, 3);
/* Empties it but keeps the memory. */
void whois_text_clear(struct whois_text *text);
void whois_text_fini(struct whois_text *text);

#endif
