/*
 * Look-ups. The system's look-up of a name cannot be interrupted, so each runs in a thread of its own. Nobody waits
 * for that thread: the last of the two, asker or thread, frees the job. A thread may outlive the instance. So the
 * plugin is linked with -z nodelete: its code stays when it is closed.
 */
#include "server/lookup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct whois_lookup_job {
    struct whois_address address;
    atomic_int holders; /* the asker's thread and the look-up's thread */
    atomic_bool is_done;
    int done_fd;
    int rc; /* rc and found: for the look-up's thread until is_done, then for the asker */
    struct addrinfo *found;
};

static void drop(struct whois_lookup_job *job)
{
    if (atomic_fetch_sub(&job->holders, 1) != 1)
        return;
    if (job->found)
        freeaddrinfo(job->found);
    close(job->done_fd);
    free(job);
}

static void *run(void *arg)
{
    struct whois_lookup_job *job = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    uint64_t one = 1;
    job->rc = getaddrinfo(job->address.host, job->address.port, &hints, &found);
    job->found = job->rc == 0 ? found : NULL;
    atomic_store(&job->is_done, true);
    ssize_t n = write(job->done_fd, &one, sizeof(one));
    (void)n; /* the counter was 0, there is room */
    drop(job);
    return NULL;
}

static int start_thread(struct whois_lookup_job *job)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attributes, run, job);
    pthread_attr_destroy(&attributes);
    return rc;
}

static enum whois_lookup_state begin(struct whois_lookup *lookup, const struct whois_address *address,
                                     struct addrinfo **found, const char **why)
{
    struct addrinfo numeric = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    if (getaddrinfo(address->host, address->port, &numeric, found) == 0)
        return WHOIS_LOOKUP_DONE;
    *why = "no memory or thread for a look-up";
    struct whois_lookup_job *job = calloc(1, sizeof(*job));
    if (!job)
        return WHOIS_LOOKUP_FAILED;
    job->address = *address;
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&job->holders, 2);
    if (job->done_fd < 0 || start_thread(job) != 0) {
        if (job->done_fd >= 0)
            close(job->done_fd);
        free(job);
        return WHOIS_LOOKUP_FAILED;
    }
    lookup->job = job;
    return WHOIS_LOOKUP_BUSY;
}

enum whois_lookup_state whois_lookup_poll(struct whois_lookup *lookup, const struct whois_address *address,
                                          struct addrinfo **found, const char **why)
{
    struct whois_lookup_job *job = lookup->job;
    if (!job)
        return begin(lookup, address, found, why);
    if (!atomic_load(&job->is_done))
        return WHOIS_LOOKUP_BUSY;
    int rc = job->rc;
    *found = job->found;
    job->found = NULL;
    lookup->job = NULL;
    drop(job);
    if (rc == 0)
        return WHOIS_LOOKUP_DONE;
    *why = gai_strerror(rc);
    return WHOIS_LOOKUP_FAILED;
}

int whois_lookup_fd(const struct whois_lookup *lookup)
{
    return lookup->job ? lookup->job->done_fd : -1;
}

void whois_lookup_fini(struct whois_lookup *lookup)
{
    if (lookup->job)
        drop(lookup->job);
    lookup->job = NULL;
}
