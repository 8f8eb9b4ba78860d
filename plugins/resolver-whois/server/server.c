/* Servers: their state, and when they are asked again. */
#include "server/server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* The longest pause between tries is the retry interval times this. */
#define BACK_OFF_MAX 32

static const char *const answer_values[] = {"known", "unknown", "error"};
static const char *const connection_values[] = {"complete", "partial", "failed", "timeout", "refused"};

static void begin_series(struct whois_server *server)
{
    const char *name = server->options.text;
    server->queries = fx_series_begin(server->instance, WHOIS_METRIC_QUERIES, (const char *[]){name, NULL});
    for (int i = 0; i < WHOIS_ANSWER_COUNT; i++)
        server->answers[i] =
            fx_series_begin(server->instance, WHOIS_METRIC_ANSWERS, (const char *[]){name, answer_values[i], NULL});
    for (int i = 0; i < WHOIS_CONNECTION_COUNT; i++)
        server->connections[i] = fx_series_begin(server->instance, WHOIS_METRIC_CONNECTIONS,
                                                 (const char *[]){name, connection_values[i], NULL});
}

void whois_server_init(struct whois_server *server, const struct whois_server_options *options,
                       struct fx_instance *instance)
{
    *server = (struct whois_server){.options = *options, .instance = instance, .back_off = 1};
    whois_queue_init(&server->queue);
    whois_budget_init(&server->budget, options->queries_per_second, options->queries_per_day, whois_now_ms());
    server->random_seed = (unsigned)(whois_now_ms() ^ getpid());
    begin_series(server);
}

void whois_server_fini(struct whois_server *server)
{
    fx_series_end(server->queries);
    for (int i = 0; i < WHOIS_ANSWER_COUNT; i++)
        fx_series_end(server->answers[i]);
    for (int i = 0; i < WHOIS_CONNECTION_COUNT; i++)
        fx_series_end(server->connections[i]);
}

int64_t whois_server_when(struct whois_server *server, int64_t now_ms)
{
    int64_t when_ms = now_ms;
    if (whois_budget_day_is_over(&server->budget, now_ms))
        when_ms = whois_budget_when(&server->budget, now_ms);
    return when_ms > server->left_alone_until_ms ? when_ms : server->left_alone_until_ms;
}

/* 3/4 to 5/4 of the pause, so that many exporters do not come back at once. */
static int64_t add_jitter(struct whois_server *server, int64_t pause_ms)
{
    return pause_ms * 3 / 4 + (int64_t)((uint64_t)pause_ms * (unsigned)rand_r(&server->random_seed) / RAND_MAX / 2);
}

/* Logs the first trouble loudly, and repeated trouble only at debug level. */
static void log_trouble(struct whois_server *server, const struct whois_outcome *outcome, int64_t pause_ms)
{
    unsigned suppressed;
    bool is_loud = !server->in_trouble && fx_log_allowed(&server->trouble_limit, &suppressed);
    const char *why = outcome->why ? outcome->why : "the answer is not complete";
    int error = outcome->why_errno;
    fx_log(server->instance, is_loud ? FX_LOG_WARN : FX_LOG_DEBUG,
           "The whois server gives no valid answer; records are counted, but names are late.",
           "server=%s port=%s dialect=%s reason=%s%s%s asked=%zu answered=%zu retry_ms=%lld",
           server->options.address.host, server->options.address.port, server->options.dialect->name, why,
           error ? ": " : "", error ? strerror(error) : "", outcome->asked, outcome->answered, (long long)pause_ms);
    server->in_trouble = server->in_trouble || is_loud;
}

static void log_recovery(struct whois_server *server, const struct whois_outcome *outcome)
{
    if (!server->in_trouble)
        return;
    fx_log(server->instance, FX_LOG_INFO, "The whois server answers again.", "server=%s port=%s answered=%zu",
           server->options.address.host, server->options.address.port, outcome->answered);
    server->in_trouble = false;
}

static void leave_alone(struct whois_server *server, const struct whois_outcome *outcome, int64_t now_ms)
{
    /* When several connections fail together, one counts. */
    if (now_ms < server->left_alone_until_ms)
        return;
    /* An answer with anything in it shows that the server works: there is no reason to stay away longer. */
    if (outcome->answered > 0)
        server->back_off = 1;
    int64_t pause_ms = server->options.retry_interval_ms * server->back_off;
    if (outcome->result == WHOIS_CONNECTION_REFUSED && pause_ms < server->options.refused_interval_ms)
        pause_ms = server->options.refused_interval_ms;
    pause_ms = add_jitter(server, pause_ms);
    server->left_alone_until_ms = now_ms + pause_ms;
    if (server->back_off < BACK_OFF_MAX)
        server->back_off *= 2;
    log_trouble(server, outcome, pause_ms);
}

void whois_server_note(struct whois_server *server, const struct whois_outcome *outcome, int64_t now_ms)
{
    fx_series_add(server->connections[outcome->result], 1);
    if (outcome->result != WHOIS_CONNECTION_COMPLETE) {
        leave_alone(server, outcome, now_ms);
        return;
    }
    server->back_off = 1;
    log_recovery(server, outcome);
}

void whois_server_note_referral(struct whois_server *server, const struct whois_address *to, const char *why_not)
{
    unsigned suppressed;
    fx_metric_add(server->instance, WHOIS_METRIC_REFERRALS, why_not ? WHOIS_NOT_DONE : WHOIS_DONE, 1);
    if (why_not && fx_log_allowed(&server->referral_limit, &suppressed))
        fx_log(server->instance, FX_LOG_WARN, "A whois server refers to a host that is not asked.",
               "server=%s host=%s port=%s reason=%s suppressed=%u", server->options.address.host, to->host, to->port,
               why_not, suppressed);
}
