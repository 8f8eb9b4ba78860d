/*
 * Calls of plugins that are under way: each is noted before it is made, so that one that does not return can be named.
 * A thread has one place of its own; calls inside calls are put back in order. Noting costs some stores and no lock.
 */
#ifndef FXI_PLUGIN_CALLS_H
#define FXI_PLUGIN_CALLS_H

#include <stdbool.h>
#include <stdint.h>

struct fx_instance;

struct fxi_call {
    const struct fx_instance *instance; /* NULL: the core's own work, such as writing a file */
    const char *name;                   /* of the operation; constant; NULL: there is no call */
    int64_t since_ns;
};

/* Any thread. Gives what to end it with: the call that it is made in. since_ns: now, where the caller knows; else 0. */
struct fxi_call fxi_call_begin(const struct fx_instance *instance, const char *name, int64_t since_ns);
void fxi_call_end(struct fxi_call before);

/*
 * Every call that has lasted so long, innermost ones only. Any thread, one at a time; no instance ends meanwhile.
 * *told is the visitor's own: 0 when it sees a call for the first time.
 */
void fxi_calls_visit(int64_t longer_than_ms,
                     void (*visit)(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told),
                     void *arg);

/* Before an instance is freed: nobody looks at it any more. */
void fxi_calls_forget(void);

#endif
