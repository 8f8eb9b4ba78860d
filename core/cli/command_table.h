/*
 * The program's own commands, one row each. The command line, the help and messages are made from this table. To add a
 * command, add a row and a function. Commands of plugins are not in the table: see plugin_command.c.
 */
#ifndef FXI_CLI_COMMAND_TABLE_H
#define FXI_CLI_COMMAND_TABLE_H

#include <stdbool.h>

#include "cli/args.h"
#include "plugin/loader.h"
#include "util/str.h"

struct fxi_command {
    const char *name;
    const char *argument;    /* the name in the help of the required argument; NULL: the command takes none */
    unsigned more;           /* arguments after the first one, all required */
    const char *argument_is; /* "the name of a plugin": for the message about a missing argument */
    const char *help;        /* what the command does, within a line */
    bool has_markdown;       /* it can print Markdown */
    bool has_loader;         /* it looks at plugins, so it takes --plugin-dir */
    /* Returns the exit status. loader is NULL unless has_loader is set. */
    int (*run)(struct fxi_loader *loader, const struct fxi_args *args);
};

/* The table ends with a NULL name. */
extern const struct fxi_command fxi_commands[];

/* Finds a command by name, or returns NULL. */
const struct fxi_command *fxi_command_find(const char *name);
/* Adds "'plugins', 'plugin NAME', ...". */
void fxi_commands_name(struct fxi_str *to);

#endif
