/*
 * A partition's log is known by a few records that were read from it. Each is stored as its offset, its time and a
 * hash. A log with a different record at such an offset is a different log: the topic was made anew, or an election
 * has cut off its end.
 *
 * A worker notes the last record of each run. The checkpoint's thread stores some records beside the offsets that it
 * commits. So the records have a lock of their own.
 */
#include "consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD      "rec=" /* of a fact among the tags */
#define HASHED    256    /* bytes of a payload */
#define APART_MS  1000   /* kept facts are at least this far apart */
#define FNV_BEGIN UINT32_C(0x811c9dc5)
#define FNV_PRIME UINT32_C(0x01000193)

struct kafka_fact kafka_fact_of(const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    const unsigned char *data = message->payload;
    uint32_t hash = FNV_BEGIN ^ (uint32_t)message->len;
    for (size_t i = 0; i < message->len && i < HASHED; i++)
        hash = (hash ^ data[i]) * FNV_PRIME;
    return (struct kafka_fact){
        .offset = message->offset, .time_ms = rd_kafka_message_timestamp(message, &type), .hash = hash};
}

bool kafka_facts_equal(const struct kafka_fact *one, const struct kafka_fact *other)
{
    return one->offset == other->offset && one->time_ms == other->time_ms && one->hash == other->hash;
}

/* The newest fact is replaced until it is old enough to stay. */
static void add(struct kafka_facts *facts, const struct kafka_fact *fact)
{
    int64_t now = kafka_now_ms();
    bool stays = facts->count == 0 || now - facts->kept_ms >= APART_MS;
    if (stays)
        facts->kept_ms = now;
    if (stays && facts->count == KAFKA_FACTS)
        memmove(facts->of, facts->of + 1, (KAFKA_FACTS - 1) * sizeof facts->of[0]);
    else if (stays || facts->count == 1)
        facts->count++;
    facts->of[facts->count - 1] = *fact;
}

void kafka_facts_note(struct kafka_consumer *consumer, struct kafka_partition *partition,
                      const rd_kafka_message_t *message)
{
    struct kafka_fact fact = kafka_fact_of(message);
    pthread_mutex_lock(&consumer->facts_lock);
    add(&partition->facts, &fact);
    pthread_mutex_unlock(&consumer->facts_lock);
}

struct kafka_fact kafka_facts_below(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t from,
                                    int64_t below, bool oldest)
{
    struct kafka_fact found = {.offset = -1};
    pthread_mutex_lock(&consumer->facts_lock);
    for (size_t i = 0; i < facts->count; i++) {
        const struct kafka_fact *fact = &facts->of[oldest ? facts->count - 1 - i : i];
        if (fact->offset >= from && fact->offset < below)
            found = *fact;
    }
    pthread_mutex_unlock(&consumer->facts_lock);
    return found;
}

void kafka_facts_cut(struct kafka_consumer *consumer, struct kafka_facts *facts, int64_t from)
{
    pthread_mutex_lock(&consumer->facts_lock);
    size_t kept = 0;
    for (size_t i = 0; i < facts->count; i++)
        if (facts->of[i].offset < from)
            facts->of[kept++] = facts->of[i];
    facts->count = kept;
    pthread_mutex_unlock(&consumer->facts_lock);
}

/* ---- as words of a text */

size_t kafka_facts_print(char *buffer, size_t size, const struct kafka_fact *fact)
{
    int printed =
        snprintf(buffer, size, WORD "%" PRId64 ",%" PRId64 ",%" PRIx32, fact->offset, fact->time_ms, fact->hash);
    return printed > 0 && (size_t)printed < size ? (size_t)printed : 0;
}

static bool parse(const char *word, struct kafka_fact *fact)
{
    return sscanf(word, WORD "%" SCNd64 ",%" SCNd64 ",%" SCNx32, &fact->offset, &fact->time_ms, &fact->hash) == 3 &&
           fact->offset >= 0;
}

static int by_offset(const void *one, const void *other)
{
    int64_t a = ((const struct kafka_fact *)one)->offset, b = ((const struct kafka_fact *)other)->offset;
    return (a > b) - (a < b);
}

void kafka_facts_read(struct kafka_facts *facts, const char *text)
{
    for (const char *at = text; at && facts->count < KAFKA_FACTS && (at = strstr(at, WORD)); at++)
        if (parse(at, &facts->of[facts->count]))
            facts->count++;
    qsort(facts->of, facts->count, sizeof facts->of[0], by_offset);
}

/* The newest fact below the committed offset, and the oldest fact: an election is less likely to have cut that off. */
void kafka_facts_append(struct kafka_consumer *consumer, const struct kafka_facts *facts, int64_t below, char *text,
                        size_t size)
{
    struct kafka_fact newest = kafka_facts_below(consumer, facts, 0, below, false);
    struct kafka_fact oldest = kafka_facts_below(consumer, facts, 0, below, true);
    const struct kafka_fact *const words[] = {&newest, &oldest};
    size_t used = strlen(text);
    for (unsigned i = 0; i < (oldest.offset == newest.offset ? 1U : 2U); i++) {
        char word[80];
        size_t length = words[i]->offset < 0 ? 0 : kafka_facts_print(word, sizeof word, words[i]);
        if (length && used + 1 + length < size)
            used += (size_t)snprintf(text + used, size - used, " %s", word);
    }
}
