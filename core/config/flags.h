/* The flags of the older program as a configuration: the same document that a file would give. */
#ifndef FXI_CONFIG_FLAGS_H
#define FXI_CONFIG_FLAGS_H

#include <stddef.h>

#include "config/node.h"

/* As written on the command line. NULL: not given. Not owned. */
struct fxi_flags {
    const char *brokers;      /* "host:port,host:port"; required */
    const char *topic;        /* required */
    const char *partitions;   /* "all", the default, or "0,1" */
    const char *asn;          /* default 0 */
    const char *addr;         /* default ":9590" */
    const char *whois;        /* the server, or "none"; default: the plugin's */
    const char *const *names; /* files with AS names */
    size_t name_count;
};

/* Aborts without memory. fxi_args_parse has checked the flags. */
struct fxi_document *fxi_flags_document(const struct fxi_flags *flags);

/*
 * Calls take(arg, piece) for each non-empty piece between commas, without spaces around it. Gives the number of pieces.
 */
size_t fxi_flags_split(const char *text, void (*take)(void *arg, const char *piece), void *arg);

#endif
