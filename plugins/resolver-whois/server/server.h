/*
 * A server that may be asked: where it is, what it speaks, how often it may be
 * asked, and whether it is to be left alone for a while. The asker's thread's own.
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

/* What is left out in the configuration is the dialect's. */
struct whois_server_options {
    const char *text; /* as it was written, for messages and labels */
    struct whois_address address;
    const struct whois_dialect *dialect;
    const char *flags;
    size_t connections, batch;
    double queries_per_second;
    int64_t queries_per_day;
    int64_t query_timeout_ms, retry_interval_ms, refused_interval_ms;
    /* To whom it may refer: all servers of the configuration, and the option's list. The instance's. */
    const struct whois_server_options *all;
    size_t all_count;
    const struct fx_list *referrals;
};

struct whois_talk;

struct whois_server {
    struct whois_server_options options;
    struct fx_instance *instance;
    struct whois_budget budget;
    struct whois_queue queue;  /* numbers that it shall be asked about */
    struct whois_talk **talks; /* options.connections */
    int64_t left_alone_until_ms;
    int64_t back_off; /* the next pause, in retry intervals */
    bool in_trouble;  /* and it was said */
    struct fx_log_limit trouble_limit, referral_limit;
    unsigned random_seed;
    struct fx_series *queries, *answers[WHOIS_ANSWER_COUNT], *connections[WHOIS_CONNECTION_COUNT];
};

void whois_server_init(struct whois_server *server, const struct whois_server_options *options,
                       struct fx_instance *instance);
void whois_server_fini(struct whois_server *server);

/* When it may be asked again at all (its pace apart): now_ms or later. */
int64_t whois_server_when(struct whois_server *server, int64_t now_ms);

/* How a conversation went. */
struct whois_outcome {
    enum whois_metric_connection result;
    size_t asked, answered;
    const char *why; /* of what went wrong */
    int why_errno;
};

/* Takes note of it: back-off, log, metrics. */
void whois_server_note(struct whois_server *server, const struct whois_outcome *outcome, int64_t now_ms);

/* It has referred to this host, which was not asked, and why; NULL: it was. */
void whois_server_note_referral(struct whois_server *server, const struct whois_address *to, const char *why_not);

#endif
