/*
 * The asker's thread decides which server to ask about which number, and what to do with the answers. Servers are
 * asked in their order. A number that a server does not know, or that it cannot be asked about at present, goes on
 * to the next one. A number has no name when no server knows one. While some server cannot be asked, the number
 * waits.
 */
#include "asker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "metrics.h"
#include "server/talk.h"
#include "table/upkeep.h"

/* Numbers come in bursts when records begin to flow: a short wait makes one query of them. */
#define GATHER_MS 50
/* Orderly answers without anything new that may leave a number out, before the number counts as unknown. */
#define SILENT_ANSWERS_MAX 3
/* The wait when there is nothing to do. */
#define LONG_MS (60 * 60 * 1000)

struct whois_asker {
    struct fx_instance *instance;
    struct whois_table *table;
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;

    /* Only the thread uses the rest. */
    struct whois_server *servers;
    size_t server_count;
    struct whois_lifetimes lifetimes;
    struct whois_talk **talks; /* of all servers */
    size_t talk_count;
    struct pollfd *fds;        /* one for each talk, and the wake-up at the end */
    struct whois_queue parked; /* numbers that no server can be asked about at present */
    struct whois_queue intake; /* numbers that must be routed */
    int64_t parked_until_ms;   /* when one of the parked numbers may be asked about; INT64_MAX: there are none */
    struct whois_upkeep upkeep;
    int64_t upkeep_ms, gather_until_ms;
};

void whois_asker_wake(struct whois_asker *asker)
{
    uint64_t one = 1;
    /* write fails only when the counter is full, and then the thread has been woken. */
    ssize_t n = write(asker->wake_fd, &one, sizeof(one));
    (void)n;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what comes of a number ---- */

static void release(struct whois_asker *asker, struct whois_entry *entry)
{
    entry->said_unknown = 0;
    entry->silent_answers = 0;
    whois_table_release(asker->table, entry);
}

static void believe(struct whois_entry *entry, int64_t lifetime_ms)
{
    entry->origin = WHOIS_FROM_SERVER;
    entry->expires_ms = whois_now_ms() + lifetime_ms;
    entry->refresh_ms = whois_refresh_ms(entry->expires_ms, lifetime_ms, entry->number);
}

/* False: there was no memory for the name. */
static bool set_known(struct whois_asker *asker, struct whois_entry *entry, const char *kept, size_t size)
{
    bool is_same = entry->kept && strlen(entry->kept) == size && memcmp(entry->kept, kept, size) == 0;
    char *copy = is_same ? entry->kept : strndup(kept, size);
    if (!copy)
        return false;
    if (!(is_same && entry->state == FX_CELL_KNOWN) &&
        whois_table_show(asker->table, entry, FX_CELL_KNOWN, kept, size) < 0) {
        if (!is_same)
            free(copy);
        return false;
    }
    if (!is_same)
        free(entry->kept);
    entry->kept = copy;
    believe(entry, asker->lifetimes.known_ms);
    release(asker, entry);
    return true;
}

/* No server knows a name. A name that was known stays until it expires. */
static void set_unknown(struct whois_asker *asker, struct whois_entry *entry)
{
    if (entry->state == FX_CELL_KNOWN && entry->kept && whois_now_ms() < entry->expires_ms) {
        entry->refresh_ms = entry->expires_ms;
        release(asker, entry);
        return;
    }
    /* There is no text, so no memory is needed that could be lacking. */
    (void)whois_table_show(asker->table, entry, FX_CELL_UNKNOWN, "", 0);
    free(entry->kept);
    entry->kept = NULL;
    believe(entry, asker->lifetimes.unknown_ms);
    release(asker, entry);
}

static void route(struct whois_asker *asker, struct whois_entry *entry, int64_t now_ms)
{
    int64_t until_ms = INT64_MAX;
    for (size_t i = 0; i < asker->server_count; i++) {
        struct whois_server *server = &asker->servers[i];
        if (entry->said_unknown & 1u << i)
            continue;
        int64_t when_ms = whois_server_when(server, now_ms);
        if (when_ms <= now_ms) {
            whois_queue_push(&server->queue, entry);
            return;
        }
        until_ms = earlier(until_ms, when_ms);
    }
    if (until_ms == INT64_MAX) {
        set_unknown(asker, entry);
        return;
    }
    whois_queue_push(&asker->parked, entry);
    asker->parked_until_ms = earlier(asker->parked_until_ms, until_ms);
}

static void route_all(struct whois_asker *asker, struct whois_queue *queue, int64_t now_ms)
{
    struct whois_queue all;
    whois_queue_init(&all);
    whois_queue_append(&all, queue);
    for (struct whois_entry *entry; (entry = whois_queue_pop(&all));)
        route(asker, entry, now_ms);
}

/* This server knows no name: the number goes on to the next server. */
static void pass_on(struct whois_asker *asker, const struct whois_server *server, struct whois_entry *entry)
{
    entry->said_unknown |= (uint16_t)(1u << (server - asker->servers));
    entry->silent_answers = 0;
    fx_series_add(server->answers[WHOIS_ANSWER_UNKNOWN], 1);
    whois_queue_push(&asker->intake, entry);
}

static void take_answer(void *arg, struct whois_talk *talk, struct whois_entry *entry, const char *kept, size_t size)
{
    struct whois_asker *asker = arg;
    if (size == 0) {
        pass_on(asker, talk->server, entry);
    } else if (set_known(asker, entry, kept, size)) {
        fx_series_add(talk->server->answers[WHOIS_ANSWER_KNOWN], 1);
    } else {
        fx_series_add(talk->server->answers[WHOIS_ANSWER_ERROR], 1);
        whois_queue_push(&asker->intake, entry);
    }
}

/* Settles the numbers that the answer left open. */
static void settle_rest(struct whois_asker *asker, struct whois_talk *talk, enum whois_rest rest)
{
    for (size_t i = 0; i < talk->asked_count; i++) {
        struct whois_entry *entry = talk->asked[i].entry;
        if (!talk->asked[i].is_open)
            continue;
        if (rest == WHOIS_REST_UNKNOWN ||
            (rest == WHOIS_REST_SILENT && ++entry->silent_answers >= SILENT_ANSWERS_MAX)) {
            pass_on(asker, talk->server, entry);
            continue;
        }
        fx_series_add(talk->server->answers[WHOIS_ANSWER_ERROR], 1);
        whois_queue_push(&asker->intake, entry);
    }
}

/* ---- the loop ---- */

static void step_talk(struct whois_asker *asker, struct whois_talk *talk, int revents, int64_t now_ms)
{
    struct whois_outcome outcome;
    enum whois_rest rest;
    if (whois_talk_is_idle(talk) || !whois_talk_step(talk, revents, now_ms, &outcome, &rest))
        return;
    fx_metric_observe(asker->instance, WHOIS_METRIC_QUERY_SECONDS, 0, (double)(now_ms - talk->began_ms) / 1000);
    whois_server_note(talk->server, &outcome, now_ms);
    settle_rest(asker, talk, rest);
}

static void start_talks(struct whois_asker *asker, struct whois_server *server, int64_t now_ms)
{
    if (whois_server_when(server, now_ms) > now_ms) {
        /* Numbers that this server cannot be asked about now may be answered by the next server. */
        route_all(asker, &server->queue, now_ms);
        return;
    }
    for (size_t i = 0; i < server->options.connections && server->queue.count > 0; i++) {
        struct whois_talk *talk = server->talks[i];
        size_t wanted = server->queue.count < server->options.batch ? server->queue.count : server->options.batch;
        size_t count = whois_talk_is_idle(talk) ? whois_budget_allows(&server->budget, wanted, now_ms) : 0;
        if (count == 0)
            continue;
        whois_budget_spend(&server->budget, count);
        fx_series_add(server->queries, (int64_t)count);
        whois_talk_begin(talk, &server->queue, count, now_ms);
        step_talk(asker, talk, 0, now_ms);
    }
}

/* When a server that has numbers and a free connection may be asked again. */
static int64_t server_wait(struct whois_server *server, int64_t now_ms)
{
    if (server->queue.count == 0)
        return INT64_MAX;
    for (size_t i = 0; i < server->options.connections; i++)
        if (whois_talk_is_idle(server->talks[i]))
            return whois_budget_when(&server->budget, now_ms);
    return INT64_MAX;
}

/* When there is something to do that no socket shows. */
static int64_t next_time(struct whois_asker *asker, int64_t now_ms)
{
    int64_t until_ms = earlier(now_ms + LONG_MS, asker->upkeep_ms);
    until_ms = earlier(until_ms, asker->parked_until_ms);
    if (asker->intake.count > 0)
        return now_ms;
    if (whois_table_waiting(asker->table) > 0)
        until_ms = earlier(until_ms, asker->gather_until_ms);
    for (size_t i = 0; i < asker->server_count; i++)
        until_ms = earlier(until_ms, server_wait(&asker->servers[i], now_ms));
    return until_ms;
}

/* Waits for a socket, for a wake-up, or for the next thing to do. */
static void wait_for_work(struct whois_asker *asker)
{
    int64_t now_ms = whois_now_ms();
    int64_t until_ms = next_time(asker, now_ms);
    for (size_t i = 0; i < asker->talk_count; i++)
        until_ms = earlier(until_ms, whois_client_prepare(&asker->talks[i]->client, &asker->fds[i]));
    struct pollfd *wake = &asker->fds[asker->talk_count];
    *wake = (struct pollfd){.fd = asker->wake_fd, .events = POLLIN};
    int timeout_ms = until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
    if (poll(asker->fds, asker->talk_count + 1, timeout_ms) < 0)
        for (size_t i = 0; i <= asker->talk_count; i++)
            asker->fds[i].revents = 0;
    uint64_t count;
    if ((wake->revents & POLLIN) && read(asker->wake_fd, &count, sizeof(count)) > 0)
        asker->gather_until_ms = whois_now_ms() + GATHER_MS;
}

static void show_queue(struct whois_asker *asker)
{
    size_t waiting = asker->parked.count + asker->intake.count + whois_table_waiting(asker->table);
    for (size_t i = 0; i < asker->server_count; i++)
        waiting += asker->servers[i].queue.count;
    fx_metric_set(asker->instance, WHOIS_METRIC_QUEUE, 0, (int64_t)waiting);
}

/* A server that was left alone may be asked again. */
static void route_parked(struct whois_asker *asker, int64_t now_ms)
{
    if (now_ms < asker->parked_until_ms)
        return;
    asker->parked_until_ms = INT64_MAX;
    route_all(asker, &asker->parked, now_ms);
}

static void *run(void *arg)
{
    struct whois_asker *asker = arg;
    while (!atomic_load(&asker->stop)) {
        wait_for_work(asker);
        int64_t now_ms = whois_now_ms();
        for (size_t i = 0; i < asker->talk_count; i++)
            step_talk(asker, asker->talks[i], asker->fds[i].revents, now_ms);
        if (now_ms >= asker->upkeep_ms)
            asker->upkeep_ms = whois_upkeep_step(&asker->upkeep, &asker->intake, now_ms);
        if (now_ms >= asker->gather_until_ms)
            whois_table_take(asker->table, &asker->intake);
        route_parked(asker, now_ms);
        route_all(asker, &asker->intake, now_ms);
        for (size_t i = 0; i < asker->server_count; i++)
            start_talks(asker, &asker->servers[i], now_ms);
        show_queue(asker);
    }
    return NULL;
}

/* ---- life ---- */

/* Signals are for the program's own threads. */
static int start_thread(struct whois_asker *asker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&asker->thread, NULL, run, asker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void free_all(struct whois_asker *asker)
{
    for (size_t i = 0; i < asker->talk_count; i++)
        whois_talk_free(asker->talks[i]);
    for (size_t i = 0; i < asker->server_count; i++) {
        whois_server_fini(&asker->servers[i]);
        free(asker->servers[i].talks);
    }
    if (asker->wake_fd >= 0)
        close(asker->wake_fd);
    free(asker->servers);
    free(asker->talks);
    free(asker->fds);
    free(asker);
}

static int add_server(struct whois_asker *asker, const struct whois_server_options *options)
{
    struct whois_server *server = &asker->servers[asker->server_count++];
    whois_server_init(server, options, asker->instance);
    server->talks = calloc(options->connections, sizeof(struct whois_talk *));
    for (size_t i = 0; server->talks && i < options->connections; i++) {
        server->talks[i] = whois_talk_new(server, take_answer, asker);
        if (!server->talks[i])
            return ENOMEM;
        asker->talks[asker->talk_count++] = server->talks[i];
    }
    return server->talks ? 0 : ENOMEM;
}

static int add_servers(struct whois_asker *asker, const struct whois_asker_options *options)
{
    size_t talks = 0;
    int rc = 0;
    for (size_t i = 0; i < options->server_count; i++)
        talks += options->servers[i].connections;
    asker->servers = calloc(options->server_count + 1, sizeof(*asker->servers));
    asker->talks = calloc(talks + 1, sizeof(struct whois_talk *));
    asker->fds = calloc(talks + 1, sizeof(*asker->fds));
    if (!asker->servers || !asker->talks || !asker->fds)
        return ENOMEM;
    for (size_t i = 0; i < options->server_count && rc == 0; i++)
        rc = add_server(asker, &options->servers[i]);
    return rc;
}

struct whois_asker *whois_asker_new(struct fx_instance *instance, const struct whois_asker_options *options,
                                    struct whois_table *table, struct fx_error *err)
{
    struct whois_asker *asker = calloc(1, sizeof(*asker));
    if (!asker) {
        fx_error_set(err, FX_ENOMEM, "There is no memory for the whois client.");
        return NULL;
    }
    asker->instance = instance;
    asker->table = table;
    asker->lifetimes = options->lifetimes;
    asker->upkeep = (struct whois_upkeep){.instance = instance,
                                          .table = table,
                                          .names = options->names,
                                          .lifetimes = options->lifetimes,
                                          .folder = options->folder,
                                          .save_interval_ms = options->save_interval_ms};
    whois_queue_init(&asker->parked);
    asker->parked_until_ms = INT64_MAX;
    whois_queue_init(&asker->intake);
    whois_upkeep_init(&asker->upkeep, whois_now_ms());
    asker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int error = asker->wake_fd < 0 ? errno : add_servers(asker, options);
    if (!error)
        error = start_thread(asker);
    if (error) {
        fx_error_set(err, FX_EIO, "The whois client can't start: %s.", strerror(error));
        free_all(asker);
        return NULL;
    }
    return asker;
}

void whois_asker_stop(struct whois_asker *asker)
{
    if (!asker || atomic_exchange(&asker->stop, true))
        return;
    whois_asker_wake(asker);
    pthread_join(asker->thread, NULL);
    for (size_t i = 0; i < asker->talk_count; i++)
        whois_client_fini(&asker->talks[i]->client);
    whois_upkeep_save(&asker->upkeep);
}

void whois_asker_free(struct whois_asker *asker)
{
    if (!asker)
        return;
    whois_asker_stop(asker);
    free_all(asker);
}
