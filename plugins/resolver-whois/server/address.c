/* Server addresses as they are written in a configuration. */
#include "server/address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT "43"

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
        *why = "Only an IPv6 address can be in brackets";
        return -1;
    }
    return 0;
}
