/*
 * The program's end: its threads ask for it here and see it coming. Any thread. The main thread polls the descriptor.
 */
#ifndef FXI_UTIL_END_H
#define FXI_UTIL_END_H

#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/error.h>

struct fxi_end {
    _Atomic bool stopping;    /* workers end, and waits are short */
    _Atomic bool failed;      /* a fatal fault: exit status 70 */
    _Atomic bool left_behind; /* a plugin has a thread that can't be ended, so nothing is freed any more */
    int fd;                   /* an eventfd: readable when the program should end by itself; -1: none */
};

int fxi_end_init(struct fxi_end *end, struct fx_error *err) FX_WARN_UNUSED;
void fxi_end_fini(struct fxi_end *end);

/* Wakes the thread that waits for the end. */
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
