/*
 * input-replay: records from memory at full speed, through the real program. Only for benchmarks, never installed.
 *
 *   input-replay.c  the plugin: options, the workers' way through jobs
 *   replay_jobs.c   commands from standard input, answers to standard output
 *   replay_pool.c   records that are rendered before anything is measured
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include <pthread.h>
#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "flows.h"

/* Rendered records in a row: neighbours make a packed payload. */
struct replay_pool {
    struct flows_text text;
    struct replay_record {
        uint64_t counted; /* bytes that the metrics must show for the record */
        uint64_t begin;   /* its place in text */
        uint32_t size;
    } * records;
    size_t count;
};

void replay_pool_init(struct replay_pool *pool, const struct flows_options *flows, size_t count);
void replay_pool_fini(struct replay_pool *pool);

/* The task of a job, and what was done. Sums are over the workers. */
enum replay_kind { REPLAY_FILL, REPLAY_REPLAY };
struct replay_job {
    enum replay_kind kind;
    uint64_t records; /* of all workers together */
};
struct replay_done {
    uint64_t records, counted; /* counted: bytes, modulo 2^64 */
    uint64_t cpu_ns;           /* of the workers' threads */
};

/* One job at a time. Worker 0 reads the commands, and all workers take the job. The lock guards all members. */
struct replay_jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned workers;
    uint64_t number; /* of the current job; 0: none yet */
    struct replay_job job;
    unsigned working; /* workers that are still at it */
    struct replay_done done;
    int64_t begin_ns; /* wall clock */
    bool ended;       /* standard input was closed */
};

void replay_jobs_init(struct replay_jobs *jobs);
void replay_jobs_fini(struct replay_jobs *jobs);

/*
 * Waits for a job after number `last`, at most timeout_ms. The reader also waits for commands, and answers a wrong one
 * with an error. Gives the job's number, or `last` if there is no new job.
 */
uint64_t replay_jobs_wait(struct replay_jobs *jobs, bool is_reader, uint64_t last, int timeout_ms,
                          struct replay_job *job);
/* Reports that a worker has done its share. The last worker answers. */
void replay_jobs_end(struct replay_jobs *jobs, const struct replay_done *share);

#endif
