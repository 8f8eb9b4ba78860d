/* Secrets that are kept elsewhere: {file: PATH} or {env: NAME} in place of the text. For options.c. */
#ifndef FXI_CONFIG_SECRET_H
#define FXI_CONFIG_SECRET_H

#include <stdbool.h>

#include <flow-exporter/option.h>

#include "config/node.h"

/* The largest file that is read. Certificates and keys in PEM fit. */
#define FXI_SECRET_MAX (64 * 1024)

/* Reads the secret that node, a map, refers to. *secret is heap memory. No message contains any part of it. */
int fxi_secret_read(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err) FX_WARN_UNUSED;

/* Whether node is {file: PATH} or {env: NAME}, which name the place of a secret. */
bool fxi_secret_is_reference(const struct fxi_node *node);

/*
 * Whether a value must not appear in messages or be printed. option is the row, or NULL if the row is not known. key is
 * the value's key in the option's map, or NULL for the option itself. item is the value as written, or NULL.
 */
bool fxi_secret_is(const struct fx_option *option, const char *key, const struct fxi_node *item);

/*
 * Copies text to shown, at most size bytes with the final NUL. Names and passwords in URLs, between "://" and "@", are
 * hidden. Gives shown.
 */
const char *fxi_secret_mask_urls(const char *text, char *shown, size_t size);

#endif
