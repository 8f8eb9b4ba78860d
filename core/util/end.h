/*
 * The program's end, as its threads ask for it and see it coming. Any thread; whoever waits for the end polls the
 * descriptor.
 */
#ifndef FXI_UTIL_END_H
#define FXI_UTIL_END_H

#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/error.h>

struct fxi_end {
    _Atomic bool stopping;    /* workers end, waits are short */
    _Atomic bool failed;      /* a fatal fault: exit status 70 */
    _Atomic bool left_behind; /* a plugin has a thread that can't be ended: nothing is freed any more */
    int fd;                   /* an eventfd: readable once the program is to end by itself; -1: there is none */
};

int fxi_end_init(struct fxi_end *end, struct fx_error *err) FX_WARN_UNUSED;
void fxi_end_fini(struct fxi_end *end);

/* Wakes whoever waits for the end. */
void fxi_end_signal(struct fxi_end *end);
/* A fatal fault: the program ends with exit status 70. */
void fxi_end_fail(struct fxi_end *end);

static inline bool fxi_end_is_near(const struct fxi_end *end)
{
    return atomic_load_explicit(&end->stopping, memory_order_relaxed);
}

static inline bool fxi_end_has_failed(const struct fxi_end *end)
{
    return atomic_load_explicit(&end->failed, memory_order_relaxed);
}

#endif
