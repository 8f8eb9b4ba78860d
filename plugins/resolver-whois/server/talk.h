/*
 * One conversation with a server: a connection, what was asked, what has been answered. It includes further
 * connections to servers that the first one refers to. Owned by one thread.
 */
#ifndef WHOIS_TALK_H
#define WHOIS_TALK_H

#include "server/client.h"
#include "dialect/dialect.h"
#include "base/map.h"
#include "server/server.h"

/* Most referrals that are followed one after the other. A longer chain is a loop or malice. */
#define WHOIS_REFERRALS_MAX 3

struct whois_asked {
    struct whois_entry *entry;
    bool is_open;
};

struct whois_talk {
    struct whois_server *server;
    struct whois_client client;
    struct whois_text query;
    struct whois_reading reading;
    struct whois_asked *asked; /* asked_count of at most server->options.batch */
    uint32_t *numbers;         /* the same as plain numbers */
    size_t asked_count;
    struct whois_map by_number; /* number to its place in asked */
    size_t answered_count;      /* how many of them got an answer of their own */
    size_t no_match_count;      /* lines that say that some number has no name */
    int64_t began_ms, deadline_ms;
    struct whois_address visited[WHOIS_REFERRALS_MAX + 1]; /* the servers that were asked, the current one last */
    size_t visited_count;
    const char *trouble; /* what went wrong apart from the connection */
    /* A number's own answer; size 0: the server knows no name. Called inside whois_talk_step. */
    void (*answer)(void *arg, struct whois_talk *talk, struct whois_entry *entry, const char *kept, size_t size);
    void *arg;
};

/* NULL without memory. */
struct whois_talk *whois_talk_new(struct whois_server *server,
                                  void (*answer)(void *arg, struct whois_talk *talk, struct whois_entry *entry,
                                                 const char *kept, size_t size),
                                  void *arg);
void whois_talk_free(struct whois_talk *talk);

static inline bool whois_talk_is_idle(const struct whois_talk *talk)
{
    return talk->client.phase == WHOIS_IDLE;
}

/* Asks about count entries of the queue, and removes them from it. The talk must be idle. */
void whois_talk_begin(struct whois_talk *talk, struct whois_queue *queue, size_t count, int64_t now_ms);

/*
 * Continues as far as possible without waiting. True: the talk has ended, and outcome tells how. Numbers in asked
 * that are still open had no answer of their own; *rest tells what that means.
 */
enum whois_rest {
    WHOIS_REST_UNKNOWN, /* there are no names for them */
    WHOIS_REST_SILENT,  /* an orderly answer without anything new left them out */
    WHOIS_REST_OPEN     /* they were not answered */
};
bool whois_talk_step(struct whois_talk *talk, int revents, int64_t now_ms, struct whois_outcome *outcome,
                     enum whois_rest *rest);

#endif
