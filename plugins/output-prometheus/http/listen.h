/*
 * Where the program listens: TCP addresses, Unix sockets, and sockets that systemd has opened.
 *
 *   host:port  [IPv6]:port  :port   port 0: any free port
 *   unix:/absolute/path             with its own mode and group
 *   systemd  systemd:NAME           all sockets that systemd has passed on (sd_listen_fds(3)), or those with this name
 */
#ifndef OUTPUT_PROMETHEUS_LISTEN_H
#define OUTPUT_PROMETHEUS_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include <flow-exporter/plugin.h>

#define PROM_LISTENERS_MAX 32
#define PROM_ADDRESS_MAX   128

struct prom_listener {
    int fd;
    char name[PROM_ADDRESS_MAX]; /* the address as text, with the port that was chosen */
    const char *path;            /* of a Unix socket that we must remove, else NULL; owned by the options */
    dev_t device;                /* identifies that file */
    ino_t inode;
    bool can_hold; /* hold.h */
};

struct prom_listeners {
    unsigned count;
    struct prom_listener all[PROM_LISTENERS_MAX];
};

/* A TCP address in its parts. */
struct prom_place {
    char host[256], port[32]; /* host is empty for all addresses */
};
/* Splits "host:port", "[IPv6]:port" or ":port". 0, or -1: it is no such address. */
int prom_listen_split(const char *address, struct prom_place *place);

struct prom_options;

/* Checks the options. In create, without I/O. */
int prom_listen_check(const struct prom_options *options, const struct fx_instance *instance, struct fx_error *err);

/* Opens all of them, or none. */
int prom_listen(struct prom_listeners *listeners, const struct prom_options *options,
                const struct fx_instance *instance, struct fx_error *err);
/* Closes the sockets and removes the files of Unix sockets. */
void prom_listen_close(struct prom_listeners *listeners);

/* unix.c: check "unix:PATH", and open one. */
int prom_unix_check(const char *address, const struct fx_instance *instance, struct fx_error *err);
int prom_unix_open(struct prom_listener *listener, const char *address, const struct prom_options *options,
                   const struct fx_instance *instance, struct fx_error *err);
/* Gives the mode that a text such as "0660" means, or a negative number. */
int prom_unix_mode(const char *text);

/* inherit.c: adds the sockets from systemd that this address means. */
int prom_inherit(struct prom_listeners *listeners, const char *address, const struct fx_instance *instance,
                 struct fx_error *err);

#endif
