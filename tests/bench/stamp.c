/*
 * Marks on the path of records: the CPU time of the worker's thread at a point between stages. Built twice, as
 * resolver-stamp and as output-stamp. The plugin adds up the readings of its clock over all workers and batches. The
 * difference between the sums of two marks is the CPU time of the stages between them. The sum, in nanoseconds modulo
 * 2^64, is eight bytes in a mapped file, so it can be read at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <flow-exporter/plugin.h>

struct stamp_options {
    const char *file;
};

static const struct fx_option options[] = {{FX_OPTION(struct stamp_options, file), .type = FX_OPT_STRING,
                                            .flags = FX_OPTION_REQUIRED, .help = "Where the sum is."},
                                           {.key = NULL}};

struct stamp {
    const struct stamp_options *options;
    _Atomic uint64_t *sum;
};

static int stamp_create(struct fx_instance *instance, const void *given, void **self, struct fx_error *err)
{
    struct stamp *stamp = calloc(1, sizeof *stamp);
    (void)instance;
    if (!stamp)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    stamp->options = given;
    *self = stamp;
    return 0;
}

static int stamp_start(void *self, struct fx_error *err)
{
    struct stamp *stamp = self;
    int fd = open(stamp->options->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *sum = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *stamp->sum) == 0)
        sum = mmap(NULL, sizeof *stamp->sum, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (sum == MAP_FAILED)
        return fx_error_set(err, FX_EIO, "can't map %s: %s", stamp->options->file, strerror(errno));
    stamp->sum = sum;
    return 0;
}

static void stamp_destroy(void *self)
{
    struct stamp *stamp = self;
    if (stamp->sum)
        munmap((void *)(uintptr_t)stamp->sum, sizeof *stamp->sum);
    free(stamp);
}

static enum fx_verdict stamp_take(void *self)
{
    struct stamp *stamp = self;
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    atomic_fetch_add(stamp->sum, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    return FX_OK;
}

#ifdef STAMP_IS_RESOLVER
static enum fx_verdict stamp_enrich(void *self, void *worker, struct fx_batch *batch)
{
    (void)worker, (void)batch;
    return stamp_take(self);
}
#else
static enum fx_verdict stamp_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)worker, (void)batch;
    return stamp_take(self);
}
#endif

FX_PLUGIN = {
#ifdef STAMP_IS_RESOLVER
    FX_PLUGIN_RESOLVER,       .name = "resolver-stamp",
    .enrich = stamp_enrich,
#else
    FX_PLUGIN_OUTPUT,         .name = "output-stamp",
    .write = stamp_write,
#endif
    .version = "1",           .summary = "Marks CPU time between stages, for benchmarks.",
    .options = options,       .options_size = sizeof(struct stamp_options),
    .create = stamp_create,   .start = stamp_start,
    .destroy = stamp_destroy,
};
