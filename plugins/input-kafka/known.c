/*
 * What is known of partitions that are not ours at present: this process' position in each, and the records by which
 * its log is known. When a topic is deleted, the group's offsets go with it, and so do the tags beside them. Then
 * only this knowledge can show that a new topic of the same name is a different log. The records are also in the
 * state directory, as lines of a file. The file may be older than the checkpoints: an older record tells as much.
 */
#include "consumer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME  "known-records"
#define SAVE_MS    10000
#define LINE_BYTES 512
#define KNOWN_MAX  10000 /* partitions; topics that match a pattern come and go */

static struct kafka_known *find(const struct kafka_consumer *consumer, const char *topic, int32_t number)
{
    return (struct kafka_known *)kafka_index_find(&consumer->known_index, topic, number);
}

const struct kafka_known *kafka_known_find(const struct kafka_consumer *consumer, const char *topic, int32_t number)
{
    return find(consumer, topic, number);
}

static void put_first(struct kafka_consumer *consumer, struct kafka_known *known)
{
    known->newer = NULL;
    known->older = consumer->known;
    *(known->older ? &known->older->newer : &consumer->oldest_known) = known;
    consumer->known = known;
}

static void take_out(struct kafka_consumer *consumer, struct kafka_known *known)
{
    *(known->newer ? &known->newer->older : &consumer->known) = known->older;
    *(known->older ? &known->older->newer : &consumer->oldest_known) = known->newer;
}

static void known_free(struct kafka_known *known)
{
    if (known)
        free(known->topic);
    free(known);
}

static void forget_oldest(struct kafka_consumer *consumer)
{
    struct kafka_known *oldest = consumer->oldest_known;
    take_out(consumer, oldest);
    kafka_index_remove(&consumer->known_index, &oldest->key);
    known_free(oldest);
}

/* It becomes the newest. NULL without memory: then nothing is known. */
static struct kafka_known *find_or_add(struct kafka_consumer *consumer, const char *topic, int32_t number)
{
    struct kafka_known *known = find(consumer, topic, number);
    if (known) {
        take_out(consumer, known);
        put_first(consumer, known);
        return known;
    }
    known = calloc(1, sizeof *known);
    if (!known || !(known->topic = strdup(topic)) ||
        !kafka_index_add(&consumer->known_index, &known->key, known->topic, number)) {
        known_free(known);
        return NULL;
    }
    known->number = number;
    put_first(consumer, known);
    if (consumer->known_index.count > KNOWN_MAX)
        forget_oldest(consumer);
    return known;
}

void kafka_known_keep(struct kafka_consumer *consumer, const struct kafka_partition *partition)
{
    struct kafka_known *known = find_or_add(consumer, partition->topic, partition->number);
    if (!known)
        return;
    known->stream = partition->stream; /* not its position: what is not committed may be given back later */
    known->facts = partition->facts;
}

void kafka_known_free(struct kafka_consumer *consumer)
{
    while (consumer->known)
        forget_oldest(consumer);
    kafka_index_fini(&consumer->known_index);
}

/* ---- the file */

/* Somebody may have put something else in the file's place. So only a regular file is opened, without waiting. */
static FILE *open_file(const struct kafka_consumer *consumer, const char *suffix, int flags, char *path, size_t size)
{
    const char *folder = fx_state_folder(consumer->instance);
    if (!folder || (size_t)snprintf(path, size, "%s/" FILE_NAME "%s", folder, suffix) >= size)
        return NULL;
    int fd = fx_file_open(path, flags | O_NOFOLLOW, NULL);
    FILE *file = fd >= 0 ? fdopen(fd, flags == O_RDONLY ? "r" : "w") : NULL;
    errno = fd < 0 ? -fd : errno;
    if (!file && fd >= 0)
        close(fd);
    return file;
}

void kafka_known_load(struct kafka_consumer *consumer)
{
    char path[1024], line[LINE_BYTES], topic[256];
    int32_t number;
    int at;
    FILE *file = open_file(consumer, "", O_RDONLY, path, sizeof path);
    while (file && fgets(line, sizeof line, file)) {
        bool is_line = sscanf(line, "%255s %" SCNd32 " %n", topic, &number, &at) == 2;
        struct kafka_known *known = is_line ? find_or_add(consumer, topic, number) : NULL;
        if (known)
            kafka_facts_read(&known->facts, line + at);
    }
    if (file)
        fclose(file);
}

static void save_one(struct kafka_consumer *consumer, FILE *file, const char *topic, int32_t number,
                     const struct kafka_facts *facts)
{
    char words[LINE_BYTES - 300] = "";
    kafka_facts_append(consumer, facts, INT64_MAX, words, sizeof words);
    if (*words)
        fprintf(file, "%s %" PRId32 "%s\n", topic, number, words);
}

static bool is_read(const struct kafka_consumer *consumer, const struct kafka_known *known)
{
    return kafka_partition_find(consumer, known->topic, known->number) != NULL;
}

void kafka_known_save(struct kafka_consumer *consumer, bool now)
{
    char path[1024], old[1024];
    int64_t time_ms = kafka_now_ms();
    if (!now && time_ms < consumer->known_saved_ms + SAVE_MS)
        return;
    consumer->known_saved_ms = time_ms;
    FILE *file = open_file(consumer, ".new", O_WRONLY | O_CREAT | O_TRUNC, path, sizeof path);
    if (!file)
        return; /* no state is kept, or state is broken: the core reports it */
    for (const struct kafka_partition *at = consumer->partitions; at; at = at->next)
        save_one(consumer, file, at->topic, at->number, &at->facts);
    for (const struct kafka_known *at = consumer->oldest_known; at; at = at->newer) /* so they are read in this order */
        if (!is_read(consumer, at))
            save_one(consumer, file, at->topic, at->number, &at->facts);
    bool failed = ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    snprintf(old, sizeof old, "%.*s", (int)(strlen(path) - strlen(".new")), path);
    if (failed || rename(path, old))
        fx_log(consumer->instance, FX_LOG_DEBUG, "Known records could not be kept.", "reason=%s", strerror(errno));
}
