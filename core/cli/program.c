/* The program: takes arguments and runs a command. Main thread. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <flow-exporter/program.h>

#include <stdio.h>
#include <stdlib.h>

#include <flow-exporter/plugin.h>

#include "cli/command_table.h"
#include "cli/commands.h"
#include "cli/crash.h"
#include "log/logger.h"
#include "util/alloc.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* How long to wait at the end for a standard error that takes nothing at the moment. */
#define LAST_LINE_MS 500

static int help(const struct fxi_args *args)
{
    FILE *out = args->help_status ? stderr : stdout;
    if (args->missing)
        fprintf(out, "flow-exporter: %s\n\n", args->missing);
    fxi_args_help(out);
    return args->help_status;
}

/* A plugin's command needs no broker: without a configuration file it uses the defaults of the old flags. */
static struct fxi_document *read_flags(const struct fxi_args *args)
{
    struct fxi_flags flags = args->flags;
    if (args->action == FXI_ACTION_COMMAND) {
        flags.brokers = flags.brokers ? flags.brokers : "localhost";
        flags.topic = flags.topic ? flags.topic : "none";
    }
    return fxi_flags_document(&flags);
}

/* Whether the program runs as a daemon. Commands and checks print for people, whatever the log's format is. */
static bool runs(const struct fxi_args *args)
{
    return args->action != FXI_ACTION_COMMAND && !args->check && !args->is_configured && !args->print_config;
}

static struct fxi_config *read_config(const struct fxi_args *args, struct fx_error *err)
{
    struct fxi_document *document = args->config_file ? fxi_yaml_read_file(args->config_file, err) : read_flags(args);
    struct fxi_log_options log;
    if (document && runs(args) && fxi_config_log(document, &log) == 0)
        fxi_log_setup((enum fx_log_level)log.level, (enum fxi_log_format)log.format);
    return document ? fxi_config_new(document, err) : NULL;
}

static int with_config(const struct fxi_args *args, struct fxi_loader *loader)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_config *config = read_config(args, &err);
    if (!config)
        return fxi_print_error(&err);
    int status;
    if (args->action == FXI_ACTION_COMMAND)
        status = fxi_command_of_plugin(loader, config, args);
    else if (args->check)
        status = fxi_command_check(loader, config);
    else if (args->is_configured)
        status = fxi_command_is_configured(loader, config);
    else if (args->print_config)
        status = fxi_command_print_config(loader, config);
    else
        status = fxi_command_run(loader, config);
    fxi_config_free(config);
    return status;
}

static int with_loader(const struct fxi_args *args)
{
    struct fx_error err = FX_ERROR_INIT;
    const char **dirs = fxi_calloc(args->plugin_dir_count + 1, sizeof *dirs);
    for (size_t i = 0; i < args->plugin_dir_count; i++)
        dirs[i] = args->plugin_dirs[i];
    struct fxi_loader *loader = fxi_loader_new(dirs, &err);
    free(dirs);
    if (!loader) {
        int status = fxi_print_error(&err);
        return err.code == FX_EINVAL ? FXI_STATUS_USAGE : status;
    }
    int status;
    if (args->own)
        status = args->own->run(loader, args);
    else
        status = with_config(args, loader);
    fxi_loader_free(loader);
    return status;
}

static int act(const struct fxi_args *args)
{
    switch (args->action) {
    case FXI_ACTION_HELP:
        return help(args);
    case FXI_ACTION_VERSION:
        printf("flow-exporter %s (plugin ABI %d.%d)\n", PACKAGE_VERSION, FX_ABI_MAJOR, FX_ABI_MINOR);
        return 0;
    default:
        return args->own && !args->own->has_loader ? args->own->run(NULL, args) : with_loader(args);
    }
}

int fx_program_main(int argc, char **argv)
{
    struct fxi_args args;
    struct fx_error err = FX_ERROR_INIT;
    int status;
    fxi_crash_watch();
    if (fxi_args_parse(&args, argc, argv, &err)) {
        fxi_print_error(&err);
        status = FXI_STATUS_USAGE;
    } else {
        status = act(&args);
    }
    fxi_args_fini(&args);
    fxi_log_end(LAST_LINE_MS);
    return status;
}
