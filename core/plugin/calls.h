/*
 * Calls of plugins in progress. Each call is noted before it is made, so that a call that does not return can be named.
 * Each thread has one place for its call; when a call inside another one ends, the outer one is put back, and
 * its time begins anew: a poll whose batches wait for an output does not hang. Noting costs
 * a few stores and no lock.
 * Of a serialized instance (FX_PLUGIN_SERIALIZED) a call first waits until no other thread is in one.
 */
#ifndef FXI_PLUGIN_CALLS_H
#define FXI_PLUGIN_CALLS_H

#include <stdbool.h>
#include <stdint.h>

struct fx_instance;

struct fxi_call {
    const struct fx_instance *instance; /* NULL: the core's own work, such as writing a file */
    const char *name;                   /* name of the operation, a constant; NULL: no call */
    int64_t since_ns;
};

/*
 * Any thread. Gives the outer call, which fxi_call_end needs. since_ns is the time now, or 0 if the caller does not
 * know it.
 */
struct fxi_call fxi_call_begin(const struct fx_instance *instance, const char *name, int64_t since_ns);
void fxi_call_end(struct fxi_call before);
/* The innermost call that this thread is in; without a name there is none. Also in a signal handler. */
struct fxi_call fxi_call_now(void);

/*
 * Visits every call that has lasted at least this long, innermost calls only. Any thread, one at a time. No instance is
 * freed meanwhile. *told belongs to the visitor, and is 0 when the visitor sees a call for the first time.
 */
void fxi_calls_visit(int64_t longer_than_ms,
                     void (*visit)(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told),
                     void *arg);

/* Call before an instance is freed: waits until no visit is reading the instance. */
void fxi_calls_forget(void);

#endif
