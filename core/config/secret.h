/* Secrets that stand elsewhere: {file: PATH} or {env: NAME} in place of the text. For options.c. */
#ifndef FXI_CONFIG_SECRET_H
#define FXI_CONFIG_SECRET_H

#include "config/node.h"

/* The largest file that is read: certificates and keys as PEM fit in. */
#define FXI_SECRET_MAX (64 * 1024)

/* Reads what node, a map, refers to. *secret is heap memory. No message ever shows a part of it. */
int fxi_secret_read(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err) FX_WARN_UNUSED;

#endif
