/* Conversations: from numbers to a query, from lines to answers, and on to the server that a registry refers to. */
#include "server/talk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <flow-exporter/error.h>

#include "dialect/dialects.h"
#include "names/clean.h"
#include "server/reach.h"
#include "table/table.h"

/* Bytes of an answer: generous for each number, and for other text of the server. */
#define ANSWER_BASE_MAX   (256 * 1024)
#define ANSWER_NUMBER_MAX 4096

static void take_line(void *arg, char *line, size_t size)
{
    struct whois_talk *talk = arg;
    talk->reading.dialect->read_line(&talk->reading, line, size, talk->client.lines.raw_size);
}

struct whois_talk *whois_talk_new(struct whois_server *server,
                                  void (*answer)(void *arg, struct whois_talk *talk, struct whois_entry *entry,
                                                 const char *kept, size_t size),
                                  void *arg)
{
    struct whois_talk *talk = calloc(1, sizeof(*talk));
    if (!talk)
        return NULL;
    talk->server = server;
    talk->answer = answer;
    talk->arg = arg;
    whois_client_init(&talk->client, take_line, talk);
    talk->asked = calloc(server->options.batch, sizeof(*talk->asked));
    talk->numbers = calloc(server->options.batch, sizeof(*talk->numbers));
    if (talk->asked && talk->numbers && whois_map_init(&talk->by_number) == 0)
        return talk;
    whois_talk_free(talk);
    return NULL;
}

void whois_talk_free(struct whois_talk *talk)
{
    if (!talk)
        return;
    whois_client_fini(&talk->client);
    whois_text_fini(&talk->query);
    whois_map_fini(&talk->by_number);
    free(talk->asked);
    free(talk->numbers);
    free(talk);
}

/* Takes what the reading has found. The first answer about a number counts. */
static void take_answer(void *arg, enum whois_said said, uint32_t number, const char *kept, size_t size)
{
    struct whois_talk *talk = arg;
    if (said == WHOIS_SAID_NO_MATCH) {
        talk->no_match_count++;
        return;
    }
    struct whois_asked *asked = whois_map_find(&talk->by_number, number);
    if (!asked) {
        talk->reading.is_foreign = true;
        return;
    }
    if (!asked->is_open)
        return;
    asked->is_open = false;
    talk->answered_count++;
    talk->answer(talk->arg, talk, asked->entry, kept, whois_strip_country(kept, size) > 0 ? size : 0);
}

/* Asks the server at address about all numbers. */
static void connect_to(struct whois_talk *talk, const struct whois_address *address, const struct whois_way *way)
{
    struct whois_address *to = &talk->visited[talk->visited_count++];
    *to = *address;
    whois_reading_init(&talk->reading, way->dialect, talk->numbers, talk->asked_count);
    talk->reading.take = take_answer;
    talk->reading.arg = talk;
    whois_text_clear(&talk->query);
    way->dialect->write_query(&talk->query, way->flags, talk->numbers, talk->asked_count);
    talk->client.is_public_only = way->is_public_only;
    /* Without memory the query is cut short. The numbers that it lacks stay open and are asked again. */
    whois_client_begin(&talk->client, to, talk->query.data, talk->query.size,
                       ANSWER_BASE_MAX + talk->asked_count * ANSWER_NUMBER_MAX, talk->deadline_ms);
}

void whois_talk_begin(struct whois_talk *talk, struct whois_queue *queue, size_t count, int64_t now_ms)
{
    const struct whois_server_options *options = &talk->server->options;
    whois_map_clear(&talk->by_number);
    talk->asked_count = talk->answered_count = talk->no_match_count = talk->visited_count = 0;
    talk->trouble = NULL;
    while (talk->asked_count < count && queue->first) {
        size_t i = talk->asked_count++;
        talk->asked[i] = (struct whois_asked){whois_queue_pop(queue), true};
        talk->numbers[i] = (uint32_t)talk->asked[i].entry->number;
        /* Without memory for the map, the number's answer counts as foreign, and the number is asked again. */
        (void)whois_map_put(&talk->by_number, talk->numbers[i], &talk->asked[i]);
    }
    talk->began_ms = now_ms;
    talk->deadline_ms = now_ms + options->query_timeout_ms;
    connect_to(talk, &options->address, &(struct whois_way){options->dialect, options->flags, false});
}

/* True: another server is asked now. */
static bool follow_referral(struct whois_talk *talk)
{
    struct whois_address address;
    struct whois_way way;
    const char *why;
    if (!talk->reading.referral[0] || talk->reading.has_name)
        return false;
    talk->trouble = "it refers to no server that can be asked";
    if (whois_address_parse(talk->reading.referral, &address, &why) < 0)
        return false;
    talk->trouble = "the servers refer to each other";
    if (talk->visited_count > WHOIS_REFERRALS_MAX)
        return false;
    for (size_t i = 0; i < talk->visited_count; i++)
        if (strcasecmp(talk->visited[i].host, address.host) == 0 && strcmp(talk->visited[i].port, address.port) == 0)
            return false;
    talk->trouble = NULL;
    if (!whois_reach_allows(&talk->server->options, &address, &way)) {
        whois_server_note_referral(talk->server, &address, "it is neither a known registry nor configured");
        talk->no_match_count++; /* as far as this server knows, the number has no name */
        return false;
    }
    whois_server_note_referral(talk->server, &address, NULL);
    connect_to(talk, &address, &way);
    return true;
}

static void judge(const struct whois_talk *talk, enum whois_result result, struct whois_outcome *outcome,
                  enum whois_rest *rest)
{
    const struct whois_reading *reading = &talk->reading;
    size_t answered = talk->answered_count;
    bool is_orderly = result == WHOIS_CLOSED && !reading->is_foreign && !reading->is_refused && !reading->is_cut &&
                      !talk->trouble && (reading->is_greeted || answered > 0);
    bool is_complete = is_orderly && answered + talk->no_match_count >= talk->asked_count;
    *outcome = (struct whois_outcome){.result = WHOIS_CONNECTION_FAILED,
                                      .asked = talk->asked_count,
                                      .answered = answered,
                                      .why = talk->client.why ? talk->client.why : talk->trouble,
                                      .why_errno = talk->client.why_errno};
    if (is_complete)
        outcome->result = WHOIS_CONNECTION_COMPLETE;
    else if (reading->is_refused)
        outcome->result = WHOIS_CONNECTION_REFUSED;
    else if (result == WHOIS_CLOSED)
        outcome->result = WHOIS_CONNECTION_PARTIAL;
    else if (result == WHOIS_TIMED_OUT)
        outcome->result = WHOIS_CONNECTION_TIMEOUT;
    if (outcome->result == WHOIS_CONNECTION_REFUSED && !outcome->why)
        outcome->why = "it refuses queries";
    *rest = is_complete ? WHOIS_REST_UNKNOWN : is_orderly && answered == 0 ? WHOIS_REST_SILENT : WHOIS_REST_OPEN;
}

bool whois_talk_step(struct whois_talk *talk, int revents, int64_t now_ms, struct whois_outcome *outcome,
                     enum whois_rest *rest)
{
    enum whois_result result = whois_client_step(&talk->client, revents, now_ms);
    while (result == WHOIS_CLOSED) {
        if (talk->reading.dialect->finish)
            talk->reading.dialect->finish(&talk->reading);
        if (!follow_referral(talk))
            break;
        result = whois_client_step(&talk->client, 0, now_ms); /* the first step needs no socket */
    }
    if (result == WHOIS_BUSY)
        return false;
    if (result == WHOIS_FAILED && talk->client.is_blocked)
        whois_server_note_referral(talk->server, &talk->visited[talk->visited_count - 1], talk->client.why);
    judge(talk, result, outcome, rest);
    return true;
}
