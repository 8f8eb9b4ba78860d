/*
 * Finds things by topic and partition, however many there are. The owner of a thing changes the index while all workers
 * are out of poll, and workers look things up.
 */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64
#define FNV_BEGIN     UINT32_C(0x811c9dc5)
#define FNV_PRIME     UINT32_C(0x01000193)

static uint32_t hash_of(const char *topic, int32_t number)
{
    uint32_t hash = FNV_BEGIN ^ (uint32_t)number;
    for (const char *at = topic; *at; at++)
        hash = (hash ^ (unsigned char)*at) * FNV_PRIME;
    return hash ^ hash >> 15;
}

struct kafka_key *kafka_index_find(const struct kafka_index *index, const char *topic, int32_t number)
{
    uint32_t hash = hash_of(topic, number);
    struct kafka_key *key = index->bucket_count ? index->buckets[hash % index->bucket_count] : NULL;
    while (key && (key->hash != hash || key->number != number || strcmp(key->topic, topic) != 0))
        key = key->same;
    return key;
}

static void put(struct kafka_index *index, struct kafka_key *key)
{
    struct kafka_key **bucket = &index->buckets[key->hash % index->bucket_count];
    key->same = *bucket;
    *bucket = key;
}

static bool grow(struct kafka_index *index)
{
    struct kafka_index grown = {.bucket_count = index->bucket_count ? 2 * index->bucket_count : FIRST_BUCKETS,
                                .count = index->count};
    grown.buckets = calloc(grown.bucket_count, sizeof *grown.buckets);
    if (!grown.buckets)
        return false;
    for (size_t i = 0; i < index->bucket_count; i++) {
        for (struct kafka_key *key = index->buckets[i], *next; key; key = next) {
            next = key->same;
            put(&grown, key);
        }
    }
    free(index->buckets);
    *index = grown;
    return true;
}

bool kafka_index_add(struct kafka_index *index, struct kafka_key *key, const char *topic, int32_t number)
{
    if (index->count >= index->bucket_count && !grow(index))
        return false;
    *key = (struct kafka_key){.topic = topic, .number = number, .hash = hash_of(topic, number)};
    put(index, key);
    index->count++;
    return true;
}

void kafka_index_remove(struct kafka_index *index, struct kafka_key *key)
{
    struct kafka_key **at = &index->buckets[key->hash % index->bucket_count];
    while (*at != key)
        at = &(*at)->same;
    *at = key->same;
    index->count--;
}

void kafka_index_fini(struct kafka_index *index)
{
    free(index->buckets);
    *index = (struct kafka_index){.buckets = NULL};
}
