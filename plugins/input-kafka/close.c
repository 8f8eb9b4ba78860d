/*
 * The end of librdkafka's objects, in bounded time. In librdkafka 2.0.2
 *   - a call that answers a rebalance never returns if the group was left at that moment: the request is thrown away
 *     with its queue;
 *   - rd_kafka_destroy waits for a vanished coordinator until the session's time is over, while its main thread takes a
 *     whole processor. After a topic was deleted it never returns.
 * So threads of their own make these calls (bounded.c). A call that hangs is left behind until the process ends.
 */
#include "bounded.h"
#include "consumer.h"

#define STEP_MS        20
#define DESTROY_MIN_MS 300 /* it joins some threads, each of which wakes in its own time */

/*
 * Whether this is a group member that was never given partitions. librdkafka up to 2.2.0 then ends the program when
 * its consumer is destroyed (its issue 4312: an assertion about the state of the sticky assignor). Call before
 * leaving the group.
 */
static bool has_half_joined(const struct kafka_consumer *consumer)
{
    char *member = atomic_load(&consumer->generation) == 0 ? rd_kafka_memberid(consumer->rk) : NULL;
    bool is_member = member && member[0];
    if (member)
        rd_kafka_mem_free(consumer->rk, member);
    return is_member;
}

/* The consumer stays if this thread is left behind. */
static void leave_group(struct kafka_job *job)
{
    struct kafka_consumer *consumer = job->arg;
    rd_kafka_t *rk = consumer->rk;
    consumer->is_unsafe = has_half_joined(consumer);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
    while (!error && !atomic_load(&job->gives_up) && !rd_kafka_consumer_closed(rk)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, STEP_MS);
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(rk, NULL);
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
}

bool kafka_close(struct kafka_consumer *consumer, int timeout_ms)
{
    bool is_over = kafka_within(timeout_ms, "fx-kafka-close", leave_group, consumer);
    if (!is_over || !rd_kafka_consumer_closed(consumer->rk))
        fx_log(consumer->instance, FX_LOG_WARN,
               "The group was not left in time; the brokers will notice that this member is gone.", NULL);
    return is_over;
}

static void destroy(struct kafka_job *job)
{
    rd_kafka_destroy_flags(job->arg, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool kafka_destroy_within(struct kafka_consumer *consumer, rd_kafka_t *rk, int timeout_ms)
{
    if (kafka_within(timeout_ms > DESTROY_MIN_MS ? timeout_ms : DESTROY_MIN_MS, "fx-kafka-end", destroy, rk))
        return true;
    fx_log(consumer->instance, FX_LOG_WARN,
           "librdkafka does not end in time and is left behind; it ends with the program.", NULL);
    return false;
}
