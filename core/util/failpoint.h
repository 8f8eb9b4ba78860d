/*
 * Failpoints: places where a test lets the program end or stand still. Only in
 * a build with --enable-failpoints; else nothing of them is compiled. Any thread.
 *
 * FLOW_EXPORTER_FAILPOINT=NAME=ACTION[@N][,NAME=ACTION...]: at the Nth (first) time that NAME is reached:
 *   kill   the process ends as by kill -9
 *   stop   it stops as by SIGSTOP
 *   note   a line is logged
 */
#ifndef FXI_UTIL_FAILPOINT_H
#define FXI_UTIL_FAILPOINT_H

#ifdef FXI_FAILPOINTS
void fxi_failpoint(const char *name);
/* For unit tests: called instead, when set. */
extern void (*fxi_failpoint_hook)(const char *name);
#else
#define fxi_failpoint(name_) ((void)0)
#endif

#endif
