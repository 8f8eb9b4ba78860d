/*
 * Gives a time limit to calls of librdkafka that have none. Each call runs in a thread, which is left behind when
 * the call hangs.
 */
#ifndef INPUT_KAFKA_BOUNDED_H
#define INPUT_KAFKA_BOUNDED_H

#include <stdatomic.h>
#include <stdbool.h>

struct kafka_job {
    void *arg;            /* stays valid when the work is left behind */
    atomic_bool gives_up; /* the work reads it, and ends if it can */
};

/*
 * Runs work in a thread of that name (at most 15 bytes). Waits for timeout_ms, sets gives_up, and waits a moment
 * more. False: the work hangs, with all that it uses, until the process ends; or no thread could be started.
 */
bool kafka_within(int timeout_ms, const char *name, void (*work)(struct kafka_job *job), void *arg);

#endif
