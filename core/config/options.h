/*
 * Typed option tables: from a map node to the options struct that the table
 * describes. Plugins' tables and the core's own go the same way.
 */
#ifndef FXI_CONFIG_OPTIONS_H
#define FXI_CONFIG_OPTIONS_H

#include <stdio.h>

#include <flow-exporter/option.h>

#include "config/node.h"

/*
 * Checks every key of map against the table and fills options (zeroed, of the table's struct) with values and
 * defaults. Keys in skip (ended by NULL, may be NULL) belong to somebody else. map may be NULL: defaults only.
 * An unknown key is an error with a guess at what was meant. What it allocates is freed by fxi_options_fini.
 */
int fxi_options_fill(const struct fx_option *table, const char *file, const struct fxi_node *map,
                     const char *const *skip, void *options, struct fx_error *err) FX_WARN_UNUSED;
void fxi_options_fini(const struct fx_option *table, void *options);

/* The same for one row: the value that node gives to option. */
int fxi_option_fill(const struct fx_option *option, const char *file, const struct fxi_node *node, void *options,
                    struct fx_error *err) FX_WARN_UNUSED;

/* The row with this key, or NULL. */
const struct fx_option *fxi_option_find(const struct fx_option *table, const char *key);

/*
 * Where an option is written in map, that of a table as "servers[2].host"; item (may be NULL) is a key of a map or the text of a list's entry. What is not
 * written is at map's own place. 0, or FX_EINVAL and zeros when nothing has a place (flags).
 */
int fxi_options_place(const struct fxi_node *map, const char *option, const char *item, unsigned *line,
                      unsigned *column);

/* One value from text: what defaults, flags and tests use. */
int fxi_option_parse(const struct fx_option *option, const char *text, void *options,
                     struct fx_error *err) FX_WARN_UNUSED;

/* The table itself is sound: keys, types, bounds, defaults that parse; tables in it, too. For the loader. 0 or FX_EABI. */
int fxi_options_check(const struct fx_option *table, size_t options_size, struct fx_error *err);

/* For people: `flow-exporter plugin NAME`, and as Markdown for the reference. */
void fxi_options_print(FILE *out, const struct fx_option *table);
/* A paragraph in lines that fit a terminal. */
void fxi_text_print(FILE *out, const char *text, int indent);
void fxi_options_print_markdown(FILE *out, const struct fx_option *table);

#endif
