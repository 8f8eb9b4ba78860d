/* Commands of plugins. Main thread. */
#include <stdio.h>
#include <string.h>

#include "cli/command_table.h"
#include "cli/commands.h"
#include "pipeline/pipeline.h"
#include "util/str.h"

struct search {
    struct fxi_loader *loader;
    const char *command;
    const char *plugin; /* the plugin that has the command, or NULL */
    struct fxi_str known;
};

static void note_command(void *arg, const char *name, const char *file)
{
    struct search *search = arg;
    (void)file;
    const struct fxi_module *module = fxi_loader_get(search->loader, name, NULL);
    const char *command = module ? module->plugin.command : NULL;
    if (!command)
        return;
    fxi_str_printf(&search->known, ", '%s %s'", command, module->plugin.command_help);
    if (strcmp(command, search->command) == 0)
        search->plugin = module->plugin.name;
}

/* No instance has the command: either no plugin has it, or the configuration does not use the plugin that has it. */
static int say_why_not(struct fxi_loader *loader, const char *command)
{
    struct search search = {.loader = loader, .command = command};
    fxi_commands_name(&search.known);
    fxi_loader_list(loader, note_command, &search);
    if (search.plugin)
        fprintf(stderr, "flow-exporter: '%s' is a command of %s, which the configuration does not use\n", command,
                search.plugin);
    else
        fprintf(stderr, "flow-exporter: unexpected argument '%s'; the commands are %s\n", command, search.known.data);
    fxi_str_fini(&search.known);
    return search.plugin ? FXI_STATUS_CONFIG : FXI_STATUS_USAGE;
}

int fxi_command_of_plugin(struct fxi_loader *loader, const struct fxi_config *config, const struct fxi_args *args)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_pipeline *pipeline = fxi_pipeline_new(config, loader, &err);
    if (!pipeline)
        return fxi_print_error(&err);
    int status = 0;
    bool found = fxi_pipeline_command(pipeline, args->command, (int)args->argument_count, args->arguments, &status);
    fxi_pipeline_free(pipeline);
    return found ? status : say_why_not(loader, args->command);
}
