/*
 * Where the program listens: TCP addresses, Unix sockets, and sockets that systemd has opened.
 *
 *   host:port  [IPv6]:port  :port   port 0: any free one
 *   unix:/absolute/path             with a mode and a group of its own
 *   systemd  systemd:NAME           all sockets that were handed over (sd_listen_fds(3)), or those of that name
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
    char name[PROM_ADDRESS_MAX]; /* where it listens, as text: with the port that was chosen */
    const char *path;            /* of a Unix socket that is ours to remove; owned by the options; or NULL */
    dev_t device;                /* which file that is */
    ino_t inode;
};

struct prom_listeners {
    unsigned count;
    struct prom_listener all[PROM_LISTENERS_MAX];
};

struct prom_options;

/* The options can be right (in create; no I/O). */
int prom_listen_check(const struct prom_options *options, const struct fx_instance *instance, struct fx_error *err);

/* Opens all of them, or none. */
int prom_listen(struct prom_listeners *listeners, const struct prom_options *options,
                const struct fx_instance *instance, struct fx_error *err);
/* Closes them, and removes the files of Unix sockets. */
void prom_listen_close(struct prom_listeners *listeners);

/* unix.c: "unix:PATH" is one; opens one. */
int prom_unix_check(const char *address, const struct fx_instance *instance, struct fx_error *err);
int prom_unix_open(struct prom_listener *listener, const char *address, const struct prom_options *options,
                   const struct fx_instance *instance, struct fx_error *err);
/* "0660" as a mode; a negative number if it is none. */
int prom_unix_mode(const char *text);

/* inherit.c: those that systemd has opened, which this address means; adds them. */
int prom_inherit(struct prom_listeners *listeners, const char *address, const struct fx_instance *instance,
                 struct fx_error *err);

#endif
