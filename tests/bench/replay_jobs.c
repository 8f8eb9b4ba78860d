/*
 * Commands for input-replay, one a line on standard input. The answers are lines of JSON on standard output:
 *
 *     fill        every series once from each worker, rendered on the way: not to be timed
 *     replay N    N records from memory, by all workers together
 *
 * Worker 0 reads the commands. Every worker takes its share of a job, and the one that ends last answers.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "replay.h"

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void replay_jobs_init(struct replay_jobs *jobs)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void replay_jobs_fini(struct replay_jobs *jobs)
{
    pthread_cond_destroy(&jobs->changed);
    pthread_mutex_destroy(&jobs->lock);
}

static bool parse(const char *line, struct replay_job *job)
{
    if (strcmp(line, "fill\n") == 0) {
        *job = (struct replay_job){.kind = REPLAY_FILL};
        return true;
    }
    *job = (struct replay_job){.kind = REPLAY_REPLAY};
    return sscanf(line, "replay %" SCNu64, &job->records) == 1;
}

static void give(struct replay_jobs *jobs, const struct replay_job *job)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->job = *job;
    jobs->number++;
    jobs->working = jobs->workers;
    jobs->done = (struct replay_done){0};
    jobs->begin_ns = now_ns();
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
}

/* The sender writes one command and waits for its answer. So one read gives one whole line. */
static void read_command(struct replay_jobs *jobs, int timeout_ms)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(jobs->ended ? NULL : &in, !jobs->ended, timeout_ms) <= 0)
        return;
    char line[128];
    ssize_t size = read(STDIN_FILENO, line, sizeof line - 1);
    jobs->ended = size <= 0;
    if (size <= 0)
        return;
    line[size] = '\0';
    struct replay_job job;
    if (parse(line, &job))
        give(jobs, &job);
    else
        printf("{\"error\": \"commands are fill, and replay N\"}\n");
    fflush(stdout);
}

static void wait_for_change(struct replay_jobs *jobs, uint64_t last, int timeout_ms)
{
    int64_t end_ns = now_ns() + timeout_ms * INT64_C(1000000);
    struct timespec end = {.tv_sec = end_ns / 1000000000, .tv_nsec = end_ns % 1000000000};
    pthread_mutex_lock(&jobs->lock);
    while (jobs->number == last && pthread_cond_timedwait(&jobs->changed, &jobs->lock, &end) == 0)
        ;
    pthread_mutex_unlock(&jobs->lock);
}

uint64_t replay_jobs_wait(struct replay_jobs *jobs, bool is_reader, uint64_t last, int timeout_ms,
                          struct replay_job *job)
{
    if (is_reader)
        read_command(jobs, timeout_ms);
    else
        wait_for_change(jobs, last, timeout_ms);
    pthread_mutex_lock(&jobs->lock);
    uint64_t number = jobs->number;
    *job = jobs->job;
    pthread_mutex_unlock(&jobs->lock);
    return number;
}

void replay_jobs_end(struct replay_jobs *jobs, const struct replay_done *share)
{
    pthread_mutex_lock(&jobs->lock);
    struct replay_done *done = &jobs->done;
    done->records += share->records;
    done->counted += share->counted;
    done->cpu_ns += share->cpu_ns;
    if (--jobs->working == 0) {
        printf("{\"records\": %" PRIu64 ", \"counted\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"wall_ns\": %" PRId64
               "}\n",
               done->records, done->counted, done->cpu_ns, now_ns() - jobs->begin_ns);
        fflush(stdout);
    }
    pthread_mutex_unlock(&jobs->lock);
}
