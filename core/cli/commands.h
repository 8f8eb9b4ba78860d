/* What the command line can ask for. Main thread; each gives the exit status. */
#ifndef FXI_CLI_COMMANDS_H
#define FXI_CLI_COMMANDS_H

#include "cli/args.h"
#include "cli/status.h"
#include "config/config.h"
#include "plugin/loader.h"

/* Those of command_table.c. metrics: of the core and of all plugins that are found (metrics_command.c). */
int fxi_command_plugins(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_plugin(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_options(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_metrics(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_state(struct fxi_loader *loader, const struct fxi_args *args);

int fxi_command_print_config(struct fxi_loader *loader, const struct fxi_config *config);
int fxi_command_check(struct fxi_loader *loader, const struct fxi_config *config);

/* Runs a plugin's own command by the instance that the configuration has of it. FXI_STATUS_USAGE: no plugin has it. */
int fxi_command_of_plugin(struct fxi_loader *loader, const struct fxi_config *config, const struct fxi_args *args);

/* Runs until a signal or the end of all inputs (daemon.c). */
int fxi_command_run(struct fxi_loader *loader, const struct fxi_config *config);

/* "flow-exporter: FILE:LINE:COLUMN: sentence" on standard error. Gives the status, for what is wrong in a configuration. */
int fxi_print_error(const struct fx_error *err);
/* The status for a start that failed: what the configuration has caused does not pass by itself, all else may. */
int fxi_status_of_start(const struct fx_error *err);

#endif
