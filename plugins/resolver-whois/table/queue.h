/* A list of entries, first in, first out. Whoever owns the queue owns the entries' links. */
#ifndef WHOIS_QUEUE_H
#define WHOIS_QUEUE_H

#include <stddef.h>

struct whois_entry;

struct whois_queue {
    struct whois_entry *first, **end;
    size_t count;
};

void whois_queue_init(struct whois_queue *queue);
void whois_queue_push(struct whois_queue *queue, struct whois_entry *entry);
/* Removes and gives the first entry, or NULL. */
struct whois_entry *whois_queue_pop(struct whois_queue *queue);
/* Moves all entries of from to the end of queue. */
void whois_queue_append(struct whois_queue *queue, struct whois_queue *from);

#endif
