/* The command line, taken apart and checked; nothing is done yet. Main thread. */
#ifndef FXI_CLI_ARGS_H
#define FXI_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/flags.h"

struct fxi_command;

enum fxi_action {
    FXI_ACTION_RUN = 1, /* also with check or print_config set */
    FXI_ACTION_HELP,    /* print the help and exit with help_status */
    FXI_ACTION_VERSION, /* */
    FXI_ACTION_OWN,     /* run a command of the table (command_table.h) */
    FXI_ACTION_COMMAND  /* run a plugin's own command */
};

/* Points into argv, but for the two lists. */
struct fxi_args {
    enum fxi_action action;
    int help_status;     /* 0 when help was asked for, FXI_STATUS_USAGE when something is missing */
    const char *missing; /* what is missing, a sentence to print before the help; or NULL */

    const char *config_file; /* --config; NULL: the flags say what to do */
    struct fxi_flags flags;
    bool check, print_config;

    const char *command;    /* of a plugin; whether there is one with it is not known yet */
    const char **arguments; /* behind it; owned */
    size_t argument_count;

    const struct fxi_command *own; /* the command of the table */
    const char *argument;          /* behind it, if it takes one */
    bool markdown;

    const char **plugin_dirs; /* in the order given; owned */
    size_t plugin_dir_count;
    const char **names; /* flags.names points here; owned */
};

/* 0, or FX_EINVAL with err filled: the program prints it and exits with FXI_STATUS_USAGE. Call fxi_args_fini in any case. */
int fxi_args_parse(struct fxi_args *args, int argc, char **argv, struct fx_error *err) FX_WARN_UNUSED;
void fxi_args_fini(struct fxi_args *args);

/* The help, within 24 lines of 80 columns. */
void fxi_args_help(FILE *out);

#endif
