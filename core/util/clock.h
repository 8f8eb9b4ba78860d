/* A clock for durations and waits. Any thread. */
#ifndef FXI_UTIL_CLOCK_H
#define FXI_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds on a clock that never goes back. */
static inline int64_t fxi_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t fxi_clock_ms(void)
{
    return fxi_clock_ns() / 1000000;
}

/* Milliseconds until end_ms, for waits with a limit. 0: the time is over. */
static inline int fxi_clock_until(int64_t end_ms)
{
    int64_t left_ms = end_ms - fxi_clock_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* The moment in ms milliseconds, for waits on CLOCK_MONOTONIC. */
static inline struct timespec fxi_clock_after_ms(int64_t ms)
{
    int64_t ns = fxi_clock_ns() + ms * 1000000;
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

#endif
