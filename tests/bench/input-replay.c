/*
 * The bench's input: see replay.h. `create` renders the records, so their memory and time come before anything is
 * measured. Each worker has a stream of its own. A worker's job ends in the poll after its last push, when the batch
 * has been written.
 */
#include <stdlib.h>
#include <time.h>

#include "replay.h"

#define FILL_BYTES 65536 /* of rendered lines at a time */

struct replay_options {
    int64_t asn, as_count, routers, series, seed;
    int64_t pool, pack, batch;
    int draw;
};

struct replay {
    struct fx_instance *instance;
    const struct replay_options *options;
    struct flows_options flows;
    struct replay_pool pool;
    struct replay_jobs jobs;
};

struct worker {
    unsigned index;
    struct fx_stream *stream;
    int64_t offset;
    uint64_t number; /* of the last job taken */
    bool working;
    struct replay_job job;
    struct replay_done done;
    uint64_t share;       /* records to replay */
    size_t at, from, end; /* the worker's part of the pool */
    struct flows *fill;
    struct flows_text text;
};

static const char *const draws[] = {"skewed", "uniform", NULL};
static const struct fx_option options[] = {
    {FX_OPTION(struct replay_options, asn), .type = FX_OPT_INTEGER, .fallback = "64500", .help = "The monitored AS."},
    {FX_OPTION(struct replay_options, as_count), .type = FX_OPT_INTEGER, .fallback = "50000", .min = 1, .max = 300000,
     .help = "Other ASes."},
    {FX_OPTION(struct replay_options, routers), .type = FX_OPT_INTEGER, .fallback = "4", .min = 1, .max = 1000,
     .help = "Routers."},
    {FX_OPTION(struct replay_options, series), .type = FX_OPT_INTEGER, .fallback = "10000", .min = 1, .max = 100000000,
     .help = "Combinations of AS, router and direction."},
    {FX_OPTION(struct replay_options, draw), .type = FX_OPT_ENUM, .fallback = "skewed", .choices = draws,
     .help = "How often each comes."},
    {FX_OPTION(struct replay_options, seed), .type = FX_OPT_INTEGER, .fallback = "1", .help = "Of the random numbers."},
    {FX_OPTION(struct replay_options, pool), .type = FX_OPT_INTEGER, .fallback = "500000", .min = 1000, .max = 10000000,
     .help = "Records that are held in memory and come again and again."},
    {FX_OPTION(struct replay_options, pack), .type = FX_OPT_INTEGER, .fallback = "1", .min = 1, .max = 1000,
     .help = "Records a payload."},
    {FX_OPTION(struct replay_options, batch), .type = FX_OPT_INTEGER, .fallback = "2000", .min = 1, .max = 100000,
     .help = "Payloads a poll."},
    {.key = NULL}};

static int replay_create(struct fx_instance *instance, const void *given, void **self, struct fx_error *err)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    replay->instance = instance;
    replay->options = given;
    replay->flows = (struct flows_options){.seed = (uint64_t)replay->options->seed,
                                           .asn = (uint32_t)replay->options->asn,
                                           .as_count = (uint32_t)replay->options->as_count,
                                           .routers = (uint32_t)replay->options->routers,
                                           .series = (uint64_t)replay->options->series,
                                           .draw = (enum flows_draw)replay->options->draw,
                                           .spread = true};
    const char *why;
    struct flows *flows = flows_new(&replay->flows, &why);
    if (!flows) {
        free(replay);
        return fx_error_set(err, FX_EINVAL, "%s", why);
    }
    flows_free(flows);
    replay_pool_init(&replay->pool, &replay->flows, (size_t)replay->options->pool);
    replay_jobs_init(&replay->jobs);
    *self = replay;
    return 0;
}

static void replay_destroy(void *self)
{
    struct replay *replay = self;
    replay_pool_fini(&replay->pool);
    replay_jobs_fini(&replay->jobs);
    free(replay);
}

static int replay_worker_new(void *self, unsigned index, void **context, struct fx_error *err)
{
    struct replay *replay = self;
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    replay->jobs.workers = fx_instance_workers(replay->instance);
    worker->index = index;
    worker->at = worker->from = replay->pool.count * index / replay->jobs.workers;
    worker->end = replay->pool.count * (index + 1) / replay->jobs.workers;
    *context = worker;
    return 0;
}

static void replay_worker_free(void *self, void *context)
{
    struct worker *worker = context;
    (void)self;
    flows_free(worker->fill);
    free(worker->text.data);
    free(worker);
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void job_begin(struct replay *replay, struct worker *worker)
{
    const char *why;
    unsigned workers = replay->jobs.workers;
    worker->working = true;
    worker->done = (struct replay_done){0};
    worker->share = worker->job.records * (worker->index + 1) / workers - worker->job.records * worker->index / workers;
    if (worker->job.kind == REPLAY_FILL) {
        flows_free(worker->fill);
        worker->fill = flows_new(&replay->flows, &why);
        worker->share = flows_series(worker->fill);
    }
    worker->done.cpu_ns -= cpu_ns();
}

static void job_end(struct replay *replay, struct worker *worker)
{
    worker->done.cpu_ns += cpu_ns();
    worker->working = false;
    replay_jobs_end(&replay->jobs, &worker->done);
}

static enum fx_verdict push(struct worker *worker, struct fx_feed *feed, const char *data, size_t size)
{
    struct fx_payload payload = {.data = data, .size = size, .offset = worker->offset, .next = worker->offset + 1};
    worker->offset++;
    return fx_feed_push(feed, worker->stream, &payload);
}

/* Makes a block of new lines into one payload, the only one of its poll: the block must stay until the next poll. */
static enum fx_verdict fill(struct worker *worker, struct fx_feed *feed)
{
    worker->text.size = 0;
    while (worker->text.size < FILL_BYTES && worker->done.records < worker->share) {
        flows_next(worker->fill, &worker->text);
        worker->done.counted += flows_last(worker->fill)->bytes;
        worker->done.records++;
    }
    return push(worker, feed, worker->text.data, worker->text.size);
}

static enum fx_verdict replay_payload(const struct replay *replay, struct worker *worker, struct fx_feed *feed)
{
    const char *data = replay->pool.text.data + replay->pool.records[worker->at].begin;
    size_t size = 0;
    for (int64_t i = 0; i < replay->options->pack && worker->done.records < worker->share && worker->at < worker->end;
         i++) {
        const struct replay_record *record = &replay->pool.records[worker->at++];
        size += record->size;
        worker->done.counted += record->counted;
        worker->done.records++;
    }
    if (worker->at == worker->end)
        worker->at = worker->from;
    return push(worker, feed, data, size);
}

static enum fx_verdict work(struct replay *replay, struct worker *worker, struct fx_feed *feed)
{
    if (worker->job.kind == REPLAY_FILL)
        return fill(worker, feed);
    for (int64_t i = 0; i < replay->options->batch && worker->done.records < worker->share; i++) {
        enum fx_verdict verdict = replay_payload(replay, worker, feed);
        if (verdict != FX_OK)
            return verdict;
    }
    return FX_OK;
}

static enum fx_verdict replay_poll(void *self, void *context, struct fx_feed *feed, int timeout_ms)
{
    struct replay *replay = self;
    struct worker *worker = context;
    if (!worker->stream && !(worker->stream = fx_stream_begin(feed, "replay", (int32_t)worker->index, 0)))
        return FX_FATAL;
    if (worker->working && worker->done.records == worker->share)
        job_end(replay, worker);
    if (!worker->working) {
        uint64_t last = worker->number;
        worker->number = replay_jobs_wait(&replay->jobs, worker->index == 0, last, timeout_ms, &worker->job);
        if (worker->number == last)
            return FX_AGAIN;
        job_begin(replay, worker);
    }
    return work(replay, worker, feed);
}

FX_PLUGIN = {
    FX_PLUGIN_INPUT,
    .name = "input-replay",
    .version = "1",
    .summary = "Replays records from memory, for benchmarks.",
    .options = options,
    .options_size = sizeof(struct replay_options),
    .create = replay_create,
    .destroy = replay_destroy,
    .worker_new = replay_worker_new,
    .worker_free = replay_worker_free,
    .poll = replay_poll,
};
