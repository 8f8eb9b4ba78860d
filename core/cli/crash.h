/* What a crash in a plugin leaves on standard error. */
#ifndef FXI_CLI_CRASH_H
#define FXI_CLI_CRASH_H

/* From now on a crash inside a call of a plugin, or while it is loaded, names the plugin. Main thread, once. */
void fxi_crash_watch(void);

#endif
