/* What the command line can ask for. Main thread. Each function returns the exit status. */
#ifndef FXI_CLI_COMMANDS_H
#define FXI_CLI_COMMANDS_H

#include "cli/args.h"
#include "cli/status.h"
#include "config/config.h"
#include "plugin/loader.h"

/* The commands of command_table.c. The metrics are those of the core and of all plugins found (metrics_command.c). */
int fxi_command_plugins(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_plugin(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_options(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_metrics(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_state(struct fxi_loader *loader, const struct fxi_args *args);
int fxi_command_new_plugin(struct fxi_loader *loader, const struct fxi_args *args);

int fxi_command_print_config(struct fxi_loader *loader, const struct fxi_config *config);
int fxi_command_check(struct fxi_loader *loader, const struct fxi_config *config);
/*
 * For a supervisor, before the start: FXI_STATUS_NO with a sentence if the configuration as installed still waits for a
 * value that only the operator knows. FXI_STATUS_OK otherwise, without a word about faults, which the start reports.
 */
int fxi_command_is_configured(struct fxi_loader *loader, const struct fxi_config *config);

/* Runs a plugin's command with the configured instance of that plugin. FXI_STATUS_USAGE: no plugin has the command. */
int fxi_command_of_plugin(struct fxi_loader *loader, const struct fxi_config *config, const struct fxi_args *args);

/* Runs until a signal or the end of all inputs (daemon.c). */
int fxi_command_run(struct fxi_loader *loader, const struct fxi_config *config);

/*
 * Prints "flow-exporter: FILE:LINE:COLUMN: sentence" on standard error. Returns the exit status for a faulty
 * configuration.
 */
int fxi_print_error(const struct fx_error *err);
/* Gives the exit status for a failed start. A fault of the configuration stays until it is mended; others may pass. */
int fxi_status_of_start(const struct fx_error *err);

#endif
