#include "util/end.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int fxi_end_init(struct fxi_end *end, struct fx_error *err)
{
    end->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return end->fd < 0 ? fx_error_set(err, FX_EIO, "can't make an event descriptor") : 0;
}

void fxi_end_fini(struct fxi_end *end)
{
    if (end->fd >= 0)
        close(end->fd);
}

void fxi_end_signal(struct fxi_end *end)
{
    uint64_t one = 1;
    if (write(end->fd, &one, sizeof one) < 0)
        return; /* the counter is full, so the descriptor is readable already */
}

void fxi_end_fail(struct fxi_end *end)
{
    atomic_store(&end->failed, true);
    fxi_end_signal(end);
}
