/*
 * The slow writer. Its thread waits for a portion, writes it without holding the lock, and says that it is ready again.
 * An eventfd shows that: while its counter is full it can't be written.
 */
#include "log/slow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/thread.h"

#define PORTION_BYTES ((size_t)16 << 10)

struct fxi_slow {
    int fd, ready_fd;
    struct fxi_thread thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t size; /* of the portion under way; 0: there is none; this and the next two under lock */
    bool ends;
    int fault;             /* an errno: nobody will ever read more */
    struct fxi_slow *next; /* among those that were left behind */
    char portion[PORTION_BYTES];
};

static struct fxi_slow *left_behind; /* under the sink's lock */

static void slow_free(struct fxi_slow *slow)
{
    close(slow->fd);
    close(slow->ready_fd);
    pthread_cond_destroy(&slow->changed);
    pthread_mutex_destroy(&slow->lock);
    free(slow);
}

/* Gives an errno. */
static int write_portion(const struct fxi_slow *slow, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = write(slow->fd, slow->portion + done, size - done);
        if (written < 0 && errno == EAGAIN) { /* somebody else has set the flag */
            struct pollfd ready = {.fd = slow->fd, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            return errno;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static void slow_main(void *arg)
{
    struct fxi_slow *slow = arg;
    pthread_mutex_lock(&slow->lock);
    for (;;) {
        while (!slow->size && !slow->ends)
            pthread_cond_wait(&slow->changed, &slow->lock);
        if (!slow->size)
            break;
        size_t size = slow->size;
        pthread_mutex_unlock(&slow->lock);
        int fault = write_portion(slow, size);
        pthread_mutex_lock(&slow->lock);
        slow->fault = fault;
        slow->size = 0;
        uint64_t full;
        (void)!read(slow->ready_fd, &full, sizeof full);
    }
    pthread_mutex_unlock(&slow->lock);
}

struct fxi_slow *fxi_slow_new(int fd)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_slow *slow = fxi_calloc(1, sizeof *slow);
    slow->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); /* what it is now, whatever fd becomes */
    slow->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&slow->lock, NULL);
    pthread_cond_init(&slow->changed, NULL);
    if (slow->fd >= 0 && slow->ready_fd >= 0 && !fxi_thread_start(&slow->thread, "fx-log", slow_main, slow, &err))
        return slow;
    slow_free(slow);
    return NULL;
}

ssize_t fxi_slow_take(struct fxi_slow *slow, const char *data, size_t size)
{
    ssize_t taken = -1;
    errno = EAGAIN;
    if (!slow)
        return taken;
    pthread_mutex_lock(&slow->lock);
    if (slow->fault) {
        errno = slow->fault;
    } else if (!slow->size) {
        const uint64_t full = UINT64_MAX - 1;
        slow->size = size < PORTION_BYTES ? size : PORTION_BYTES;
        memcpy(slow->portion, data, slow->size);
        taken = (ssize_t)slow->size;
        (void)!write(slow->ready_fd, &full, sizeof full);
        pthread_cond_signal(&slow->changed);
    }
    pthread_mutex_unlock(&slow->lock);
    return taken;
}

int fxi_slow_fd(const struct fxi_slow *slow)
{
    return slow ? slow->ready_fd : -1;
}

void fxi_slow_end(struct fxi_slow *slow, int timeout_ms)
{
    if (!slow)
        return;
    pthread_mutex_lock(&slow->lock);
    slow->ends = true;
    pthread_cond_signal(&slow->changed);
    pthread_mutex_unlock(&slow->lock);
    if (fxi_thread_join(&slow->thread, timeout_ms)) {
        slow_free(slow);
        return;
    }
    pthread_detach(slow->thread.id);
    slow->next = left_behind;
    left_behind = slow;
}
