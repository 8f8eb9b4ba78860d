/* The command `flow-exporter state DIR`. */
#ifndef FXI_STATE_SHOW_H
#define FXI_STATE_SHOW_H

#include <stdio.h>

#include <flow-exporter/error.h>

/* Prints what is in the directory. Gives 0, or a negative code if it can't be read or something in it is damaged. */
int fxi_state_show(FILE *out, const char *directory, struct fx_error *err);

#endif
