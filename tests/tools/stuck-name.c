/* For LD_PRELOAD: once the file STUCK_NAME exists, no name is resolved and the call does not return. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *file = getenv("STUCK_NAME");
    while (file && access(file, F_OK) == 0)
        pause();
    return next(node, service, hints, list);
}
