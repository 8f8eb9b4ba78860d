/* The table of commands. Main thread. */
#include "cli/command_table.h"

#include <string.h>

#include "cli/commands.h"

const struct fxi_command fxi_commands[] = {
    {.name = "plugins", .help = "list the plugins that are found", .has_loader = true, .run = fxi_command_plugins},
    {.name = "plugin",
     .argument = "NAME",
     .argument_is = "the name of a plugin; 'plugins' lists them",
     .help = "print the options and metrics of a plugin",
     .has_markdown = true,
     .has_loader = true,
     .run = fxi_command_plugin},
    {.name = "options",
     .help = "print the options of log, state and pipeline",
     .has_markdown = true,
     .run = fxi_command_options},
    {.name = "metrics", .help = "print the program's own metrics", .has_loader = true, .run = fxi_command_metrics},
    {.name = "state",
     .argument = "DIR",
     .argument_is = "the name of a state directory",
     .help = "print what is in a state directory",
     .run = fxi_command_state},
    {.name = "new-plugin",
     .argument = "KIND NAME",
     .more = 1,
     .argument_is = "a kind ('input', 'resolver' or 'output') and a name",
     .help = "make a folder with a plugin to begin with",
     .run = fxi_command_new_plugin},
    {.name = NULL},
};

const struct fxi_command *fxi_command_find(const char *name)
{
    for (const struct fxi_command *command = fxi_commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

void fxi_commands_name(struct fxi_str *to)
{
    for (const struct fxi_command *command = fxi_commands; command->name; command++)
        fxi_str_printf(to, "%s'%s%s%s'", command == fxi_commands ? "" : ", ", command->name,
                       command->argument ? " " : "", command->argument ? command->argument : "");
}
