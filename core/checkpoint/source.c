#include "checkpoint/source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define FIRST_BUCKETS 64

void fxi_source_init(struct fxi_source *source, struct fx_instance *instance)
{
    *source = (struct fxi_source){.instance = instance};
    pthread_mutex_init(&source->lock, NULL);
    pthread_cond_init(&source->changed, NULL);
}

void fxi_source_fini(struct fxi_source *source)
{
    for (struct fx_stream *stream = source->streams, *next; stream; stream = next) {
        next = stream->next;
        free(stream->name);
        free(stream);
    }
    free(source->buckets);
    free(source->positions);
    pthread_mutex_destroy(&source->lock);
    pthread_cond_destroy(&source->changed);
}

bool fxi_source_enter(struct fxi_source *source, const _Atomic bool *stopping)
{
    pthread_mutex_lock(&source->lock);
    while (source->quiesced && !atomic_load(stopping))
        pthread_cond_wait(&source->changed, &source->lock);
    bool enters = !source->quiesced;
    source->active += enters;
    pthread_mutex_unlock(&source->lock);
    return enters;
}

void fxi_source_leave(struct fxi_source *source)
{
    pthread_mutex_lock(&source->lock);
    assert(source->active > 0);
    source->active--;
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
}

void fxi_source_keep_out(struct fxi_source *source)
{
    pthread_mutex_lock(&source->lock);
    source->quiesced = true;
    while (source->active)
        pthread_cond_wait(&source->changed, &source->lock);
    pthread_mutex_unlock(&source->lock);
}

static void let_in(struct fxi_source *source, unsigned with)
{
    pthread_mutex_lock(&source->lock);
    source->quiesced = false;
    source->active += with;
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
}

void fxi_source_let_in(struct fxi_source *source)
{
    let_in(source, 0);
}

void fxi_source_let_in_with_me(struct fxi_source *source)
{
    let_in(source, 1);
}

void fxi_source_wake(struct fxi_source *source)
{
    pthread_mutex_lock(&source->lock);
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
}

/* FNV-1a. There can be tens of thousands of streams. */
static uint32_t hash_of(const char *name, int32_t partition)
{
    uint32_t hash = UINT32_C(0x811c9dc5) ^ (uint32_t)partition;
    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT32_C(0x01000193);
    return hash ^ hash >> 15;
}

struct fx_stream *fxi_source_find(const struct fxi_source *source, const char *name, int32_t partition)
{
    uint32_t hash = hash_of(name, partition);
    struct fx_stream *stream = source->bucket_count ? source->buckets[hash % source->bucket_count] : NULL;
    while (stream && (stream->hash != hash || stream->partition != partition || strcmp(stream->name, name) != 0))
        stream = stream->same;
    return stream;
}

static void put_in_bucket(struct fxi_source *source, struct fx_stream *stream)
{
    struct fx_stream **bucket = &source->buckets[stream->hash % source->bucket_count];
    stream->same = *bucket;
    *bucket = stream;
}

static void add_to_buckets(struct fxi_source *source, struct fx_stream *stream)
{
    if (source->stream_count++ < source->bucket_count) {
        put_in_bucket(source, stream);
        return;
    }
    free(source->buckets);
    source->bucket_count = source->bucket_count ? 2 * source->bucket_count : FIRST_BUCKETS;
    source->buckets = fxi_calloc(source->bucket_count, sizeof(struct fx_stream *));
    for (struct fx_stream *at = source->streams; at; at = at->next)
        put_in_bucket(source, at);
}

struct fx_stream *fxi_source_stream(struct fxi_source *source, const char *name, int32_t partition)
{
    struct fx_stream *stream = fxi_source_find(source, name, partition);
    if (!stream) {
        stream = fxi_calloc(1, sizeof *stream);
        stream->source = source;
        stream->name = fxi_strdup(name);
        stream->partition = partition;
        stream->hash = hash_of(name, partition);
        stream->next = source->streams;
        source->streams = stream;
        add_to_buckets(source, stream);
    }
    return stream;
}

const struct fx_stream *fxi_source_find_kept(const struct fxi_source *source, const char *name, int32_t partition)
{
    const struct fx_stream *stream = fxi_source_find(source, name, partition);
    return stream && stream->is_kept ? stream : NULL;
}

void fxi_stream_begin(struct fx_stream *stream, int64_t position)
{
    stream->live = true;
    fxi_stream_place(stream, position);
}

void fxi_stream_end(struct fx_stream *stream)
{
    stream->live = false;
}

void fxi_stream_place(struct fx_stream *stream, int64_t position)
{
    stream->committed = stream->is_cut = false;
    stream->position = stream->cut_position = stream->base_position = position;
}

static void add_position(struct fxi_source *source, const struct fx_stream *stream, int64_t offset)
{
    if (source->position_count == source->position_capacity) {
        source->position_capacity = source->position_capacity ? source->position_capacity * 2 : 16;
        source->positions = fxi_realloc(source->positions, source->position_capacity, sizeof *source->positions);
    }
    source->positions[source->position_count++] =
        (struct fx_position){.stream = stream->name, .partition = stream->partition, .offset = offset};
}

void fxi_source_list_cut(struct fxi_source *source)
{
    source->position_count = 0;
    for (const struct fx_stream *stream = source->streams; stream; stream = stream->next)
        if (stream->live)
            add_position(source, stream, stream->cut_position);
}

void fxi_source_list_base(struct fxi_source *source)
{
    source->position_count = 0;
    for (const struct fx_stream *stream = source->streams; stream; stream = stream->next)
        if (stream->live)
            add_position(source, stream, stream->base_position);
}
