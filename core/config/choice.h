/* The option type FX_OPT_CHOICE: one of several words, or {word: text}. For options.c. */
#ifndef FXI_CONFIG_CHOICE_H
#define FXI_CONFIG_CHOICE_H

#include <flow-exporter/option.h>

#include "config/node.h"

int fxi_choice_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                    struct fx_choice *choice, struct fx_error *err) FX_WARN_UNUSED;
void fxi_choice_clear(struct fx_choice *choice);

/* A map whose values are each one of the choices; node: a map. */
int fxi_choices_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                     struct fx_choices *choices, struct fx_error *err);
void fxi_choices_clear(struct fx_choices *choices);

#endif
