/* Lists of entries by their own links. */
#include "table/queue.h"

#include "table/table.h"

void whois_queue_init(struct whois_queue *queue)
{
    *queue = (struct whois_queue){.end = &queue->first};
}

void whois_queue_push(struct whois_queue *queue, struct whois_entry *entry)
{
    entry->next = NULL;
    *queue->end = entry;
    queue->end = &entry->next;
    queue->count++;
}

struct whois_entry *whois_queue_pop(struct whois_queue *queue)
{
    struct whois_entry *entry = queue->first;
    if (!entry)
        return NULL;
    queue->first = entry->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    entry->next = NULL;
    return entry;
}

void whois_queue_append(struct whois_queue *queue, struct whois_queue *from)
{
    if (!from->first)
        return;
    *queue->end = from->first;
    queue->end = from->end;
    queue->count += from->count;
    whois_queue_init(from);
}
