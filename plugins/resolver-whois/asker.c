/*
 * The asker's thread: when to ask, and what to do with the answers. One
 * connection at a time, as many numbers as allowed in each. What a broken
 * answer left open is asked again, later and later while nothing comes.
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

#include "clean.h"
#include "client.h"
#include "clock.h"
#include "metrics.h"

/* Numbers come in bursts when records begin to flow: a short wait makes one query of them. */
#define GATHER_MS 50
/* What the server does not know is asked again after this long. */
#define UNKNOWN_LIFETIME_MS (60 * 60 * 1000)
/* The longest pause between tries is the retry interval times this. */
#define BACK_OFF_MAX 32
/* Orderly answers that may leave a number out, with nothing new in them, before it counts as unknown. */
#define SILENT_ANSWERS_MAX 3
/* Bytes of an answer: generous for each number and for what a server says besides. */
#define ANSWER_BASE_MAX   (256 * 1024)
#define ANSWER_NUMBER_MAX 1024

struct whois_asker {
    struct fx_instance *instance;
    struct whois_asker_options options;
    struct whois_table *table;
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;

    /* The rest is the thread's own. */
    struct whois_client client;
    struct whois_text query;
    struct whois_entry **asked; /* of the query under way: asked_count entries */
    uint32_t *numbers;          /* the same as numbers */
    size_t asked_count;
    size_t named_count;    /* of them that got an answer of their own */
    size_t no_match_count; /* lines that say that some number has no name */
    bool is_greeted;       /* the answer is of the right kind */
    bool is_foreign;       /* the answer is about numbers that were not asked: what it lacks means nothing */
    uint32_t query_count;  /* the number of the query under way */
    int64_t gather_until_ms, back_off_until_ms;
    int64_t back_off; /* the next pause, in retry intervals */
    bool in_trouble;  /* and it was said */
    struct fx_log_limit trouble_limit;
    unsigned random_seed;
    struct whois_queue unknown; /* in the order in which they are to be asked again */
};

void whois_asker_wake(struct whois_asker *asker)
{
    uint64_t one = 1;
    /* It can only fail when the counter is full, and then the thread has been woken. */
    ssize_t n = write(asker->wake_fd, &one, sizeof(one));
    (void)n;
}

static int set_state(struct whois_asker *asker, struct whois_entry *entry, enum fx_cell_state state, const char *name,
                     size_t size)
{
    int rc = fx_cell_set(entry->cell, state, name, size);
    if (rc < 0)
        return rc;
    fx_metric_add(asker->instance, WHOIS_METRIC_NAMES, entry->state, -1);
    fx_metric_add(asker->instance, WHOIS_METRIC_NAMES, state, 1);
    entry->state = (uint8_t)state;
    return 0;
}

static void set_known(struct whois_asker *asker, struct whois_entry *entry, const char *name, size_t size)
{
    /* Without memory for the name it counts as not answered. */
    if (set_state(asker, entry, FX_CELL_KNOWN, name, size) < 0)
        return;
    entry->is_asked = 0;
    fx_metric_add(asker->instance, WHOIS_METRIC_ANSWERS, WHOIS_ANSWER_KNOWN, 1);
}

static void set_unknown(struct whois_asker *asker, struct whois_entry *entry)
{
    entry->is_asked = 0;
    entry->silent_answers = 0;
    /* No text, so no memory that could fail. */
    (void)set_state(asker, entry, FX_CELL_UNKNOWN, "", 0);
    fx_metric_add(asker->instance, WHOIS_METRIC_ANSWERS, WHOIS_ANSWER_UNKNOWN, 1);
    entry->ask_again_ms = whois_now_ms() + UNKNOWN_LIFETIME_MS;
    whois_queue_push(&asker->unknown, entry);
}

static void take_name(struct whois_asker *asker, enum whois_line_kind kind, const struct whois_line *found)
{
    struct whois_entry *entry = whois_table_find(asker->table, found->number);
    if (!entry || entry->query != asker->query_count) {
        asker->is_foreign = true;
        return;
    }
    /* The first answer counts. */
    if (!entry->is_asked)
        return;
    asker->named_count++;
    char name[WHOIS_LINE_MAX];
    size_t size = 0, bare_size = 0;
    if (kind == WHOIS_LINE_NAME) {
        memcpy(name, found->name, found->name_size);
        size = whois_clean(name, found->name_size);
        bare_size = whois_strip_country(name, size);
    }
    if (bare_size > 0)
        set_known(asker, entry, name, asker->options.strip_country ? bare_size : size);
    else
        set_unknown(asker, entry);
}

static void take_line(void *arg, char *line, size_t size)
{
    struct whois_asker *asker = arg;
    struct whois_line found;
    enum whois_line_kind kind = asker->options.dialect->read_line(line, size, &found);
    switch (kind) {
    case WHOIS_LINE_GREETING:
        asker->is_greeted = true;
        break;
    case WHOIS_LINE_NO_MATCH:
        asker->no_match_count++;
        break;
    case WHOIS_LINE_NAME:
    case WHOIS_LINE_UNKNOWN:
        take_name(asker, kind, &found);
        break;
    case WHOIS_LINE_OTHER:
        break;
    }
}

static void begin_query(struct whois_asker *asker, int64_t now_ms)
{
    asker->asked_count = whois_table_take(asker->table, asker->asked, asker->options.batch);
    asker->named_count = asker->no_match_count = 0;
    asker->is_greeted = asker->is_foreign = false;
    asker->query_count++;
    for (size_t i = 0; i < asker->asked_count; i++) {
        asker->asked[i]->is_asked = 1;
        asker->asked[i]->query = asker->query_count;
        asker->numbers[i] = (uint32_t)asker->asked[i]->number;
    }
    whois_text_clear(&asker->query);
    asker->options.dialect->write_query(&asker->query, asker->numbers, asker->asked_count);
    fx_metric_add(asker->instance, WHOIS_METRIC_QUERIES, 0, (int64_t)asker->asked_count);
    /* Without memory the query is cut short; what it lacks is left open by the answer and asked again. */
    whois_client_begin(&asker->client, &asker->options.address, asker->query.data, asker->query.size,
                       ANSWER_BASE_MAX + asker->asked_count * ANSWER_NUMBER_MAX,
                       now_ms + asker->options.query_timeout_ms);
}

/* 3/4 to 5/4 of the pause, so that many exporters do not come back at once. */
static int64_t add_jitter(struct whois_asker *asker, int64_t pause_ms)
{
    return pause_ms * 3 / 4 + (int64_t)((uint64_t)pause_ms * (unsigned)rand_r(&asker->random_seed) / RAND_MAX / 2);
}

/* Settles the numbers that the answer left open. */
static void settle_rest(struct whois_asker *asker, bool is_complete, bool is_silent)
{
    size_t left = 0;
    for (size_t i = 0; i < asker->asked_count; i++) {
        struct whois_entry *entry = asker->asked[i];
        if (!entry->is_asked)
            continue;
        if (is_complete || (is_silent && ++entry->silent_answers >= SILENT_ANSWERS_MAX)) {
            set_unknown(asker, entry);
            continue;
        }
        left++;
        entry->is_asked = 0;
        whois_table_ask(asker->table, entry);
    }
    fx_metric_add(asker->instance, WHOIS_METRIC_ANSWERS, WHOIS_ANSWER_ERROR, (int64_t)left);
}

/* Once loud, then only for who looks for it. */
static void log_trouble(struct whois_asker *asker, int64_t pause_ms)
{
    unsigned suppressed;
    bool is_loud = !asker->in_trouble && fx_log_allowed(&asker->trouble_limit, &suppressed);
    const char *why = asker->client.why ? asker->client.why : "the answer is not complete";
    int error = asker->client.why_errno;
    fx_log(asker->instance, is_loud ? FX_LOG_WARN : FX_LOG_DEBUG,
           "The whois server gives no proper answer; records go on, names are late.",
           "server=%s port=%s reason=%s%s%s asked=%zu answered=%zu retry_ms=%lld", asker->options.address.host,
           asker->options.address.port, why, error ? ": " : "", error ? strerror(error) : "", asker->asked_count,
           asker->named_count, (long long)pause_ms);
    asker->in_trouble = asker->in_trouble || is_loud;
}

static void log_recovery(struct whois_asker *asker)
{
    if (!asker->in_trouble)
        return;
    fx_log(asker->instance, FX_LOG_INFO, "The whois server answers again.", "server=%s port=%s answered=%zu",
           asker->options.address.host, asker->options.address.port, asker->named_count);
    asker->in_trouble = false;
}

static void back_off(struct whois_asker *asker)
{
    /* An answer that brought something shows a server that works: no reason to stay away longer. */
    if (asker->named_count > 0)
        asker->back_off = 1;
    int64_t pause_ms = add_jitter(asker, asker->options.retry_interval_ms * asker->back_off);
    asker->back_off_until_ms = whois_now_ms() + pause_ms;
    if (asker->back_off < BACK_OFF_MAX)
        asker->back_off *= 2;
    log_trouble(asker, pause_ms);
}

static void finish_query(struct whois_asker *asker, enum whois_result result)
{
    bool is_orderly = result == WHOIS_CLOSED && !asker->is_foreign && (asker->is_greeted || asker->named_count > 0);
    bool is_complete = is_orderly && asker->named_count + asker->no_match_count >= asker->asked_count;
    enum whois_metric_connection counted = WHOIS_CONNECTION_FAILED;
    if (is_complete)
        counted = WHOIS_CONNECTION_COMPLETE;
    else if (result == WHOIS_CLOSED)
        counted = WHOIS_CONNECTION_PARTIAL;
    else if (result == WHOIS_TIMED_OUT)
        counted = WHOIS_CONNECTION_TIMEOUT;
    fx_metric_add(asker->instance, WHOIS_METRIC_CONNECTIONS, counted, 1);
    settle_rest(asker, is_complete, is_orderly && asker->named_count == 0);
    if (is_complete) {
        asker->back_off = 1;
        asker->back_off_until_ms = 0;
        log_recovery(asker);
    } else {
        back_off(asker);
    }
    asker->asked_count = 0;
}

/* Unknown numbers whose time has come go back into the queue. */
static void expire_unknown(struct whois_asker *asker, int64_t now_ms)
{
    while (asker->unknown.first && asker->unknown.first->ask_again_ms <= now_ms)
        whois_table_ask(asker->table, whois_queue_pop(&asker->unknown));
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t query_allowed_ms(const struct whois_asker *asker)
{
    return asker->gather_until_ms > asker->back_off_until_ms ? asker->gather_until_ms : asker->back_off_until_ms;
}

/* Waits for the socket, for a wake-up, or for the next thing to do. Returns what the socket has. */
static int wait_for_work(struct whois_asker *asker)
{
    struct pollfd fds[2] = {{.fd = asker->wake_fd, .events = POLLIN}, {.fd = -1}};
    int64_t now_ms = whois_now_ms();
    int64_t until_ms = now_ms + UNKNOWN_LIFETIME_MS;
    if (asker->unknown.first)
        until_ms = earlier(until_ms, asker->unknown.first->ask_again_ms);
    if (asker->client.phase != WHOIS_IDLE)
        until_ms = earlier(until_ms, whois_client_prepare(&asker->client, &fds[1]));
    else if (whois_table_waiting(asker->table) > 0)
        until_ms = earlier(until_ms, query_allowed_ms(asker));
    int timeout_ms = until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
    if (poll(fds, 2, timeout_ms) < 0)
        return 0;
    uint64_t count;
    if ((fds[0].revents & POLLIN) && read(asker->wake_fd, &count, sizeof(count)) > 0)
        asker->gather_until_ms = whois_now_ms() + GATHER_MS;
    return fds[1].revents;
}

static void *run(void *arg)
{
    struct whois_asker *asker = arg;
    while (!atomic_load(&asker->stop)) {
        int revents = wait_for_work(asker);
        int64_t now_ms = whois_now_ms();
        expire_unknown(asker, now_ms);
        if (asker->client.phase == WHOIS_IDLE) {
            if (now_ms < query_allowed_ms(asker) || whois_table_waiting(asker->table) == 0)
                continue;
            begin_query(asker, now_ms);
        }
        enum whois_result result = whois_client_step(&asker->client, revents, now_ms);
        if (result != WHOIS_BUSY)
            finish_query(asker, result);
    }
    return NULL;
}

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

static void release(struct whois_asker *asker)
{
    whois_client_fini(&asker->client);
    whois_text_fini(&asker->query);
    if (asker->wake_fd >= 0)
        close(asker->wake_fd);
    free(asker->asked);
    free(asker->numbers);
    free(asker);
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
    asker->options = *options;
    asker->table = table;
    asker->back_off = 1;
    asker->random_seed = (unsigned)(whois_now_ms() ^ getpid());
    whois_queue_init(&asker->unknown);
    whois_client_init(&asker->client, take_line, asker);
    asker->asked = calloc(options->batch, sizeof(*asker->asked));
    asker->numbers = calloc(options->batch, sizeof(*asker->numbers));
    asker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int error = asker->wake_fd < 0 ? errno : !asker->asked || !asker->numbers ? ENOMEM : start_thread(asker);
    if (error) {
        fx_error_set(err, FX_EIO, "The whois client can't start: %s.", strerror(error));
        release(asker);
        return NULL;
    }
    return asker;
}

void whois_asker_free(struct whois_asker *asker)
{
    if (!asker)
        return;
    atomic_store(&asker->stop, true);
    whois_asker_wake(asker);
    pthread_join(asker->thread, NULL);
    release(asker);
}
