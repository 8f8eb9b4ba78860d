/* The command line, parsed and checked but not yet carried out. Main thread. */
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

/* All texts point into argv. The lists marked "owned" are freed by fxi_args_fini. */
struct fxi_args {
    enum fxi_action action;
    int help_status;     /* 0 if the user asked for help, FXI_STATUS_USAGE if something is missing */
    const char *missing; /* a sentence that says what is missing, printed before the help; or NULL */

    const char *config_file; /* --config; NULL: the flags are the configuration */
    struct fxi_flags flags;
    bool check, print_config, is_configured;

    const char *command;    /* a plugin's command; whether any plugin has such a command is checked later */
    const char **arguments; /* the words after the command, or after `argument`; owned */
    size_t argument_count;

    const struct fxi_command *own; /* the command of the table */
    const char *argument;          /* the word after that command, if it takes one */
    bool markdown;

    const char **plugin_dirs; /* in the order of the command line; owned */
    size_t plugin_dir_count;
    const char **names; /* flags.names points here; owned */
};

/*
 * Returns 0, or FX_EINVAL with err filled. The program then prints err and exits with FXI_STATUS_USAGE. Call
 * fxi_args_fini in any case.
 */
int fxi_args_parse(struct fxi_args *args, int argc, char **argv, struct fx_error *err) FX_WARN_UNUSED;
void fxi_args_fini(struct fxi_args *args);

/* Gives the help, which fits in 24 lines of 80 columns. */
void fxi_args_help(FILE *out);

#endif
