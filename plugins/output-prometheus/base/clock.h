/* Times: of a clock that never goes back, and of the wall clock. */
#ifndef OUTPUT_PROMETHEUS_CLOCK_H
#define OUTPUT_PROMETHEUS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t prom_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t prom_clock_ms(void)
{
    return prom_clock_ns() / 1000000;
}

/* Since the epoch. */
static inline uint64_t prom_clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
