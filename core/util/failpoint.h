/*
 * Failpoints: places where a test makes the program end or stop. They are compiled only with --enable-failpoints. Any
 * thread.
 *
 * FLOW_EXPORTER_FAILPOINT=NAME=ACTION[@N][,NAME=ACTION...]: the action when NAME is reached for the Nth time (default
 * 1):
 *   kill   the process ends as by kill -9
 *   stop   the process stops as by SIGSTOP
 *   note   a line is logged
 */
#ifndef FXI_UTIL_FAILPOINT_H
#define FXI_UTIL_FAILPOINT_H

#ifdef FXI_FAILPOINTS
void fxi_failpoint(const char *name);
/* For unit tests: if set, this function is called instead. */
extern void (*fxi_failpoint_hook)(const char *name);
#else
#define fxi_failpoint(name_) ((void)0)
#endif

#endif
