/*
 * Server addresses. Names are looked up by glibc's own threads
 * (getaddrinfo_a), because a look-up can't be interrupted and a thread of ours
 * that stands in one could outlive the plugin's code.
 */
#include "address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_PORT "43"

struct whois_lookup_job {
    struct gaicb request;
    struct gaicb *list[1];
    struct addrinfo hints;
    struct whois_address address;
};

static bool is_port(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 5 && strspn(text, "0123456789") == length && atoi(text) >= 1 && atoi(text) <= 65535;
}

/* Cuts text into host and port; the host of "[v6]:port" is what is between the brackets. */
static int split(const char *text, const char **host, size_t *host_size, const char **port, const char **why)
{
    const char *rest;
    if (text[0] == '[') {
        const char *bracket = strchr(text, ']');
        if (!bracket) {
            *why = "The bracket is not closed";
            return -1;
        }
        *host = text + 1;
        *host_size = (size_t)(bracket - *host);
        rest = bracket + 1;
    } else {
        *host = text;
        *host_size = strcspn(text, ":");
        rest = text + *host_size;
        if (*rest && strchr(rest + 1, ':')) {
            *why = "An IPv6 address must be written in brackets";
            return -1;
        }
    }
    if (*rest && *rest != ':') {
        *why = "After the bracket only a port can follow";
        return -1;
    }
    *port = *rest ? rest + 1 : DEFAULT_PORT;
    return 0;
}

int whois_address_parse(const char *text, struct whois_address *address, const char **why)
{
    const char *host, *port;
    size_t host_size;
    if (split(text, &host, &host_size, &port, why) < 0)
        return -1;
    if (host_size == 0 || host_size >= sizeof(address->host) || strcspn(host, " \t\r\n/") < host_size) {
        *why = "This is not the name or address of a host";
        return -1;
    }
    if (!is_port(port)) {
        *why = "The port must be a number from 1 to 65535";
        return -1;
    }
    memcpy(address->host, host, host_size);
    address->host[host_size] = '\0';
    memcpy(address->port, port, strlen(port) + 1);
    struct in6_addr v6;
    if (text[0] == '[' && inet_pton(AF_INET6, address->host, &v6) != 1 && !strchr(address->host, '%')) {
        *why = "What is in brackets must be an IPv6 address";
        return -1;
    }
    return 0;
}

static enum whois_lookup_state begin(struct whois_lookup *lookup, const struct whois_address *address,
                                     struct addrinfo **found, const char **why)
{
    struct addrinfo numeric = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    if (getaddrinfo(address->host, address->port, &numeric, found) == 0)
        return WHOIS_LOOKUP_DONE;
    struct whois_lookup_job *job = calloc(1, sizeof(*job));
    if (!job) {
        *why = "there is no memory";
        return WHOIS_LOOKUP_FAILED;
    }
    job->address = *address;
    job->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    job->request =
        (struct gaicb){.ar_name = job->address.host, .ar_service = job->address.port, .ar_request = &job->hints};
    job->list[0] = &job->request;
    int rc = getaddrinfo_a(GAI_NOWAIT, job->list, 1, NULL);
    if (rc != 0) {
        *why = gai_strerror(rc);
        free(job);
        return WHOIS_LOOKUP_FAILED;
    }
    lookup->job = job;
    return WHOIS_LOOKUP_BUSY;
}

enum whois_lookup_state whois_lookup_poll(struct whois_lookup *lookup, const struct whois_address *address,
                                          struct addrinfo **found, const char **why)
{
    if (!lookup->job)
        return begin(lookup, address, found, why);
    int rc = gai_error(&lookup->job->request);
    if (rc == EAI_INPROGRESS)
        return WHOIS_LOOKUP_BUSY;
    *found = lookup->job->request.ar_result;
    free(lookup->job);
    lookup->job = NULL;
    if (rc == 0)
        return WHOIS_LOOKUP_DONE;
    *why = gai_strerror(rc);
    return WHOIS_LOOKUP_FAILED;
}

void whois_lookup_fini(struct whois_lookup *lookup)
{
    struct whois_lookup_job *job = lookup->job;
    lookup->job = NULL;
    if (!job)
        return;
    /*
     * A look-up that glibc's thread stands in can't be ended, and it writes its result into the job when it is done:
     * then the job is left to it, for good. It is a few hundred bytes, once, and only when DNS hangs at stop.
     */
    int rc = gai_cancel(&job->request);
    if (rc == EAI_NOTCANCELED)
        return;
    if (rc == EAI_ALLDONE && gai_error(&job->request) == 0)
        freeaddrinfo(job->request.ar_result);
    free(job);
}
