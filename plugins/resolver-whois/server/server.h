/*
 * A server to ask: its address, its dialect, how often it may be asked, and whether to leave it alone for a while.
 * Only for the asker's thread.
 */
#ifndef WHOIS_SERVER_H
#define WHOIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/plugin.h>

#include "server/address.h"
#include "server/budget.h"
#include "dialect/dialect.h"
#include "metrics.h"
#include "table/queue.h"

/* Bits of an entry's said_unknown. */
#define WHOIS_SERVERS_MAX     16
#define WHOIS_CONNECTIONS_MAX 16

/* Options of a server. Those left out in the configuration come from the dialect. */
struct whois_server_options {
    const char *text; /* the address as it was written, for messages and labels */
    struct whois_address address;
    const struct whois_dialect *dialect;
    const char *flags;
    size_t connections, batch;
    double queries_per_second;
    int64_t queries_per_day;
    int64_t query_timeout_ms, retry_interval_ms, refused_interval_ms;
    /*
     * Where the server may refer to: all servers of the configuration, and the list of the option. Owned by the
     * instance.
     */
    const struct whois_server_options *all;
    size_t all_count;
    const struct fx_list *referrals;
};

struct whois_talk;

struct whois_server {
    struct whois_server_options options;
    struct fx_instance *instance;
    struct whois_budget budget;
    struct whois_queue queue;  /* numbers to ask it about */
    struct whois_talk **talks; /* options.connections of them */
    int64_t left_alone_until_ms;
    int64_t back_off; /* the next pause, in retry intervals */
    bool in_trouble;  /* the trouble has been logged */
    struct fx_log_limit trouble_limit, referral_limit;
    unsigned random_seed;
    struct fx_series *queries, *answers[WHOIS_ANSWER_COUNT], *connections[WHOIS_CONNECTION_COUNT];
};

void whois_server_init(struct whois_server *server, const struct whois_server_options *options,
                       struct fx_instance *instance);
void whois_server_fini(struct whois_server *server);

/* When the server may be asked again, apart from its pace: now_ms or later. */
int64_t whois_server_when(struct whois_server *server, int64_t now_ms);

/* How a conversation went. */
struct whois_outcome {
    enum whois_metric_connection result;
    size_t asked, answered;
    const char *why; /* what went wrong */
    int why_errno;
};

/* Notes the outcome: back-off, log, metrics. */
void whois_server_note(struct whois_server *server, const struct whois_outcome *outcome, int64_t now_ms);

/* The server has referred to this host. why tells why the host was not asked; NULL: it was asked. */
void whois_server_note_referral(struct whois_server *server, const struct whois_address *to, const char *why_not);

#endif
