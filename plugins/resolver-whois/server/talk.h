/*
 * One conversation with a server: a connection, what was asked, what has been
 * answered; and further connections to whom it refers to. Owned by one thread.
 */
#ifndef WHOIS_TALK_H
#define WHOIS_TALK_H

#include "server/client.h"
#include "dialect/dialect.h"
#include "base/map.h"
#include "server/server.h"

/* Servers that are asked one after the other because each refers to the next; more is a loop or a joke. */
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
    struct whois_asked *asked; /* asked_count of server->options.batch */
    uint32_t *numbers;         /* the same as numbers */
    size_t asked_count;
    struct whois_map by_number; /* to the place in asked */
    size_t answered_count;      /* of them that got an answer of their own */
    size_t no_match_count;      /* lines that say that some number has no name */
    int64_t began_ms, deadline_ms;
    struct whois_address visited[WHOIS_REFERRALS_MAX + 1]; /* those that were asked, the current one last */
    size_t visited_count;
    const char *trouble; /* what went wrong besides the connection */
    /* A number's own answer; size 0: the server knows no name. Inside whois_talk_step. */
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

/* Asks about count entries of the queue, which it takes. The talk must be idle. */
void whois_talk_begin(struct whois_talk *talk, struct whois_queue *queue, size_t count, int64_t now_ms);

/*
 * Goes on as far as it can without waiting. True: it has ended; outcome says how. What is open then in asked has had
 * no answer of its own; *rest says what that means.
 */
enum whois_rest {
    WHOIS_REST_UNKNOWN, /* there are no names for these */
    WHOIS_REST_SILENT,  /* an orderly answer that says nothing new left them out */
    WHOIS_REST_OPEN     /* they were not answered */
};
bool whois_talk_step(struct whois_talk *talk, int revents, int64_t now_ms, struct whois_outcome *outcome,
                     enum whois_rest *rest);

#endif
