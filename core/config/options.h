/*
 * Typed option tables: they fill an options struct from a map of the configuration. The core's own options and those of
 * plugins are read in the same way.
 */
#ifndef FXI_CONFIG_OPTIONS_H
#define FXI_CONFIG_OPTIONS_H

#include <stdio.h>

#include <flow-exporter/option.h>

#include "config/node.h"

/*
 * Checks every key of map against the table, and fills options with values and defaults. options is zeroed memory for
 * the table's struct. An unknown key is an error, with a guess at the key that was meant. Keys in skip belong to
 * others; skip ends with NULL and may be NULL itself. map may be NULL: then only defaults are filled in.
 * fxi_options_fini frees what is allocated.
 */
int fxi_options_fill(const struct fx_option *table, const char *file, const struct fxi_node *map,
                     const char *const *skip, void *options, struct fx_error *err) FX_WARN_UNUSED;
void fxi_options_fini(const struct fx_option *table, void *options);

/* Fills one option from the value in node. */
int fxi_option_fill(const struct fx_option *option, const char *file, const struct fxi_node *node, void *options,
                    struct fx_error *err) FX_WARN_UNUSED;

/* The row with this key, or NULL. */
const struct fx_option *fxi_option_find(const struct fx_option *table, const char *key);

/*
 * The line and column of an option in map. An option of a table is written as "servers[2].host". item, which may be
 * NULL, is a key of the option's map or the text of an entry in its list. What is not written is given the place of map
 * itself. Gives 0, or FX_EINVAL and zeros if nothing has a place (flags).
 */
int fxi_options_place(const struct fxi_node *map, const char *option, const char *item, unsigned *line,
                      unsigned *column);

/* Fills one option from a text, as defaults, flags and tests do. */
int fxi_option_parse(const struct fx_option *option, const char *text, void *options,
                     struct fx_error *err) FX_WARN_UNUSED;

/* Checks a table, and the tables in it: keys, types, bounds, defaults. For the loader. Gives 0 or FX_EABI. */
int fxi_options_check(const struct fx_option *table, size_t options_size, struct fx_error *err);

/* Print a table for people: for `flow-exporter plugin NAME`, and as Markdown for the reference. */
void fxi_options_print(FILE *out, const struct fx_option *table);
void fxi_options_print_markdown(FILE *out, const struct fx_option *table);
/* Prints a paragraph in lines that fit a terminal. */
void fxi_text_print(FILE *out, const char *text, int indent);

#endif
