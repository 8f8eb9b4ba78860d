/*
 * The command of the command line. For each number it prints what the names files, the cache of the last run and
 * each server say, and which name would be shown. Servers are asked one after the other, within their budgets.
 */
#include "command.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/asn.h>
#include <flow-exporter/state.h>

#include "base/clock.h"
#include "names/clean.h"
#include "server/talk.h"

#define NUMBERS_MAX  10000
#define STATUS_USAGE 64 /* the same as for the program's own commands */

/* What one server said about one number. */
struct said {
    bool is_answered;
    size_t size; /* size of kept; 0: no name */
    char *kept;
    char reason[160]; /* why there was no answer */
};

struct asking {
    const struct whois_command *command;
    struct whois_entry *entries; /* count entries, of which only the numbers are used */
    size_t count;
    struct said *said; /* a row of count for each server */
    struct said *row;  /* row of the server that is being asked */
    struct whois_table cache;
};

static void take_answer(void *arg, struct whois_talk *talk, struct whois_entry *entry, const char *kept, size_t size)
{
    struct asking *asking = arg;
    struct said *said = &asking->row[entry - asking->entries];
    (void)talk;
    said->is_answered = true;
    said->kept = strndup(kept, size);
    said->size = said->kept ? size : 0;
}

static void keep_reason(struct asking *asking, const struct whois_talk *talk, const struct whois_outcome *outcome,
                        enum whois_rest rest)
{
    const char *why = outcome->why ? outcome->why : "the answer does not mention it";
    for (size_t i = 0; i < talk->asked_count; i++) {
        struct said *said = &asking->row[talk->asked[i].entry - asking->entries];
        if (!talk->asked[i].is_open)
            continue;
        said->is_answered = rest == WHOIS_REST_UNKNOWN;
        snprintf(said->reason, sizeof(said->reason), "%.80s%s%.60s", why, outcome->why_errno ? ": " : "",
                 outcome->why_errno ? strerror(outcome->why_errno) : "");
    }
}

/* Runs one conversation to its end. */
static void talk_to_end(struct asking *asking, struct whois_talk *talk)
{
    struct whois_outcome outcome;
    enum whois_rest rest;
    int revents = 0;
    while (!whois_talk_step(talk, revents, whois_now_ms(), &outcome, &rest)) {
        struct pollfd fd;
        int64_t until_ms = whois_client_prepare(&talk->client, &fd);
        int64_t left_ms = until_ms - whois_now_ms();
        revents = poll(&fd, 1, left_ms > 0 ? (int)(left_ms < 3600000 ? left_ms : 3600000) : 0) > 0 ? fd.revents : 0;
    }
    keep_reason(asking, talk, &outcome, rest);
}

static void wait_for_budget(struct whois_server *server)
{
    int64_t now_ms = whois_now_ms(), when_ms = whois_budget_when(&server->budget, now_ms);
    if (when_ms > now_ms)
        (void)poll(NULL, 0, (int)(when_ms - now_ms));
}

static int ask_server(struct asking *asking, size_t index)
{
    struct whois_server server;
    struct whois_queue queue;
    asking->row = asking->said + index * asking->count;
    whois_server_init(&server, &asking->command->servers[index], asking->command->instance);
    struct whois_talk *talk = whois_talk_new(&server, take_answer, asking);
    whois_queue_init(&queue);
    for (size_t i = 0; i < asking->count; i++)
        if (!whois_number_is_reserved(asking->entries[i].number))
            whois_queue_push(&queue, &asking->entries[i]);
    while (talk && queue.count > 0 && !whois_budget_day_is_over(&server.budget, whois_now_ms())) {
        size_t wanted = queue.count < server.options.batch ? queue.count : server.options.batch;
        wait_for_budget(&server);
        size_t allowed = whois_budget_allows(&server.budget, wanted, whois_now_ms());
        whois_budget_spend(&server.budget, allowed);
        whois_talk_begin(talk, &queue, allowed, whois_now_ms());
        talk_to_end(asking, talk);
    }
    whois_server_fini(&server);
    whois_talk_free(talk);
    return talk ? 0 : -1;
}

/* ---- printing ---- */

/* Errors contain names of files and words of the command line, so bytes that a terminal would obey are removed. */
static void print_error(const char *message)
{
    char text[FX_ERROR_MESSAGE_MAX];
    size_t size = strnlen(message, sizeof(text));
    memcpy(text, message, size);
    fprintf(stderr, "flow-exporter: %.*s\n", (int)whois_clean(text, size), text);
}

static void print_shown(const struct whois_command *command, const char *kept, size_t size)
{
    struct whois_style style = whois_options_style(command->options);
    char text[WHOIS_NAME_MAX];
    printf("  shown as: %.*s\n", (int)whois_name_format(&style, kept, size, text), text);
}

/* Prints what the files say, the last file first. Gives the name that wins, or NULL. */
static const char *print_files(const struct whois_command *command, uint64_t number)
{
    for (size_t i = 0; i < command->files->count; i++) {
        const struct whois_watch *watch = &command->files->watches[i];
        const char *name = whois_names_file_find(watch->file, number);
        if (name)
            printf("  %s: %s\n", watch->path, name);
    }
    return whois_names_find(command->files, number);
}

static const char *print_cache(const struct asking *asking, uint64_t number)
{
    const struct whois_entry *entry = whois_map_find(&asking->cache.by_number, number);
    if (!entry || entry->origin != WHOIS_FROM_SERVER)
        return NULL;
    printf("  cache: %s (for another %lld s)\n", entry->kept ? entry->kept : "no name",
           (long long)((entry->expires_ms - whois_now_ms()) / 1000));
    return entry->kept;
}

static const char *print_server(const struct asking *asking, size_t server, size_t number)
{
    const struct said *said = &asking->said[server * asking->count + number];
    const struct whois_server_options *options = &asking->command->servers[server];
    printf("  %s (%s): ", options->text, options->dialect->name);
    if (said->size > 0)
        printf("%s\n", said->kept);
    else if (said->is_answered)
        printf("no name\n");
    else
        printf("no answer: %s\n", said->reason[0] ? said->reason : "its queries for this day are used up");
    return said->size > 0 ? said->kept : NULL;
}

/* True: the number has a name. */
static bool print_number(const struct asking *asking, size_t index)
{
    const struct whois_command *command = asking->command;
    uint64_t number = asking->entries[index].number;
    printf("AS%llu\n", (unsigned long long)number);
    const char *name = print_files(command, number);
    const char *cached = print_cache(asking, number);
    name = name ? name : cached;
    if (whois_number_is_reserved(number)) {
        printf("  reserved, private or for documentation: no server is asked\n");
        if (!name && command->options->reserved_name) {
            printf("  shown as: %s\n", command->options->reserved_name);
            return true;
        }
    }
    for (size_t i = 0; i < command->server_count && !whois_number_is_reserved(number); i++) {
        const char *said = print_server(asking, i, index);
        name = name ? name : said;
    }
    if (name)
        print_shown(command, name, strlen(name));
    return name != NULL;
}

/* ---- the command ---- */

static bool read_files(const struct whois_command *command)
{
    for (size_t i = 0; i < command->files->count; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct whois_names_file *file = whois_names_file_read(command->files->watches[i].path, &err);
        if (!file) {
            print_error(err.message);
            return false;
        }
        whois_names_file_free(whois_names_replace(command->files, i, file));
    }
    return true;
}

static bool read_cache(struct asking *asking)
{
    const struct whois_options *options = asking->command->options;
    static const struct whois_names no_files;
    struct whois_table_options table = {.names = &no_files, .max_entries = (size_t)options->max_names, .can_ask = true};
    struct whois_lifetimes lifetimes = whois_options_lifetimes(options);
    const char *folder = options->cache ? fx_state_folder(asking->command->instance) : NULL;
    struct fx_error err = FX_ERROR_INIT;
    size_t count;
    if (whois_table_init(&asking->cache, &table) < 0)
        return false;
    if (folder && whois_cache_load(folder, &asking->cache, &lifetimes, &count, &err) < 0)
        print_error(err.message);
    return true;
}

static int ask_and_print(struct asking *asking)
{
    int status = 0;
    for (size_t i = 0; i < asking->command->server_count; i++)
        if (ask_server(asking, i) < 0)
            return 1;
    for (size_t i = 0; i < asking->count; i++)
        if (!print_number(asking, i))
            status = 1;
    return status;
}

static void free_asking(struct asking *asking)
{
    for (size_t i = 0; asking->said && i < asking->count * asking->command->server_count; i++)
        free(asking->said[i].kept);
    free(asking->said);
    free(asking->entries);
    whois_table_fini(&asking->cache);
}

int whois_command_run(const struct whois_command *command, int argc, const char *const *argv)
{
    struct asking asking = {.command = command, .count = (size_t)argc};
    if (argc < 1 || argc > NUMBERS_MAX) {
        fprintf(stderr, "flow-exporter: 'whois' needs AS numbers, such as AS15169, at most %d\n", NUMBERS_MAX);
        return STATUS_USAGE;
    }
    asking.entries = calloc(asking.count, sizeof(*asking.entries));
    asking.said = calloc(asking.count * (command->server_count + 1), sizeof(*asking.said));
    int status = asking.entries && asking.said ? 0 : 1;
    for (int i = 0; i < argc && status == 0; i++) {
        struct fx_error err = FX_ERROR_INIT;
        uint32_t number;
        if (fx_asn_read(argv[i], &number, &err)) {
            print_error(err.message);
            status = STATUS_USAGE;
        } else {
            asking.entries[i].number = number;
        }
    }
    if (status == 0)
        status = read_files(command) && read_cache(&asking) ? ask_and_print(&asking) : 1;
    free_asking(&asking);
    return status;
}
