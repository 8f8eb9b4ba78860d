/* Secrets that stand elsewhere: {file: PATH} or {env: NAME} in place of the text. For options.c. */
#ifndef FXI_CONFIG_SECRET_H
#define FXI_CONFIG_SECRET_H

#include <stdbool.h>

#include <flow-exporter/option.h>

#include "config/node.h"

/* The largest file that is read: certificates and keys as PEM fit in. */
#define FXI_SECRET_MAX (64 * 1024)

/* Reads what node, a map, refers to. *secret is heap memory. No message ever shows a part of it. */
int fxi_secret_read(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err) FX_WARN_UNUSED;

/* {file: PATH} or {env: NAME}: where a secret is, not what it is. */
bool fxi_secret_is_reference(const struct fxi_node *node);

/*
 * Whether a value belongs into no message and no print. option: the row, or NULL when it is not known. key: the
 * value's key in the option's map, or NULL: the option itself. item: the value as it is written, or NULL.
 */
bool fxi_secret_is(const struct fx_option *option, const char *key, const struct fxi_node *item);

/*
 * Copies text, at most size bytes with the end, with what stands between "://" and "@" hidden: a name and a password.
 * Gives shown.
 */
const char *fxi_secret_mask_urls(const char *text, char *shown, size_t size);

#endif
