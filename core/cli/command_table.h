/*
 * The program's own commands, a row each: the command line, the help and the messages are made from it. To add a command, add a
 * row and a function. Commands that plugins bring are not here: whoever has the plugin has them (plugin_command.c).
 */
#ifndef FXI_CLI_COMMAND_TABLE_H
#define FXI_CLI_COMMAND_TABLE_H

#include <stdbool.h>

#include "cli/args.h"
#include "plugin/loader.h"
#include "util/str.h"

struct fxi_command {
    const char *name;
    const char *argument;    /* what the help calls its argument, which it needs; NULL: it takes none */
    const char *argument_is; /* "the name of a plugin": for who forgets it */
    const char *help;        /* what it does, within a line */
    bool has_markdown;       /* it can print Markdown */
    bool has_loader;         /* it looks at plugins, so it takes --plugin-dir */
    int (*run)(struct fxi_loader *loader, const struct fxi_args *args); /* gives the exit status; loader: or NULL */
};

/* Ended by a NULL name. */
extern const struct fxi_command fxi_commands[];

/* NULL: there is none with this name. */
const struct fxi_command *fxi_command_find(const char *name);
/* Adds "'plugins', 'plugin NAME', ...". */
void fxi_commands_name(struct fxi_str *to);

#endif
