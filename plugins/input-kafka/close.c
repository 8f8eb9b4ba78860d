/*
 * Leaving the group at a stop, in bounded time. A call of librdkafka that answers a rebalance waits for its answer
 * without an end, and in 2.0.2 the answer never comes when the group was left just then: what was asked is thrown away
 * with the queue that it is in. So a thread of its own calls, and one that is stuck is left behind.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "consumer.h"

#define STEP_MS 20
/* How long a thread that was told to give up may take until it counts as stuck. */
#define GRACE_MS 500

struct closing {
    rd_kafka_t *rk;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool gives_up, is_over, is_left;
};

static void closing_free(struct closing *closing)
{
    pthread_cond_destroy(&closing->changed);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static bool goes_on(struct closing *closing)
{
    pthread_mutex_lock(&closing->lock);
    bool gives_up = closing->gives_up;
    pthread_mutex_unlock(&closing->lock);
    return !gives_up && !rd_kafka_consumer_closed(closing->rk);
}

static void leave_group(struct closing *closing)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(closing->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(closing->rk, queue);
    while (!error && goes_on(closing)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, STEP_MS);
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(closing->rk, NULL);
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
}

static void *thread_main(void *arg)
{
    struct closing *closing = arg;
    leave_group(closing);
    pthread_mutex_lock(&closing->lock);
    closing->is_over = true;
    bool is_left = closing->is_left;
    pthread_cond_signal(&closing->changed);
    pthread_mutex_unlock(&closing->lock);
    if (is_left)
        closing_free(closing);
    return NULL;
}

/* Under the lock. Whether it is over by then. */
static bool wait_for_end(struct closing *closing, int timeout_ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += timeout_ms / 1000;
    end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    int rc = 0;
    while (!closing->is_over && rc == 0)
        rc = pthread_cond_timedwait(&closing->changed, &closing->lock, &end);
    return closing->is_over;
}

static struct closing *closing_new(rd_kafka_t *rk)
{
    struct closing *closing = calloc(1, sizeof *closing);
    if (!closing)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    closing->rk = rk;
    pthread_mutex_init(&closing->lock, NULL);
    pthread_cond_init(&closing->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return closing;
}

/* False: there is none, and nothing is closed. */
static bool start_thread(struct closing *closing, pthread_t *thread)
{
    sigset_t all, old; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(thread, NULL, thread_main, closing);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        pthread_setname_np(*thread, "fx-kafka-close");
    return rc == 0;
}

/* The thread ends by itself or is left; who is left frees what both have. Gives whether it ended. */
static bool end_thread(struct closing *closing, pthread_t thread, int timeout_ms)
{
    pthread_mutex_lock(&closing->lock);
    wait_for_end(closing, timeout_ms);
    closing->gives_up = true;
    bool is_over = wait_for_end(closing, GRACE_MS);
    closing->is_left = !is_over;
    pthread_mutex_unlock(&closing->lock);
    if (is_over) {
        pthread_join(thread, NULL);
        closing_free(closing);
    } else {
        pthread_detach(thread);
    }
    return is_over;
}

bool kafka_close(struct kafka_consumer *consumer, int timeout_ms)
{
    pthread_t thread;
    struct closing *closing = closing_new(consumer->rk);
    if (!closing || !start_thread(closing, &thread)) {
        if (closing)
            closing_free(closing);
        return true; /* left without a word: the group notices by itself */
    }
    bool is_over = end_thread(closing, thread, timeout_ms);
    if (!is_over || !rd_kafka_consumer_closed(consumer->rk))
        fx_log(consumer->instance, FX_LOG_WARN, "The group was not left in time; it will notice by itself.", NULL);
    return is_over;
}
