/* Calls of librdkafka that have no limit of their own, with one: each in a thread, which is left behind when it hangs. */
#ifndef INPUT_KAFKA_BOUNDED_H
#define INPUT_KAFKA_BOUNDED_H

#include <stdatomic.h>
#include <stdbool.h>

struct kafka_job {
    void *arg;            /* stays valid when the work is left behind */
    atomic_bool gives_up; /* the work sees it and ends, if it can */
};

/*
 * Has work done in a thread of that name (at most 15 bytes), and waits: timeout_ms, then a moment more after gives_up is
 * set. False: it hangs, with what it works on, until the process ends; or it was never begun, for want of a thread.
 */
bool kafka_within(int timeout_ms, const char *name, void (*work)(struct kafka_job *job), void *arg);

#endif
