/*
 * Exit statuses. They tell a supervisor whether another start can help: after FXI_STATUS_CONFIG, somebody must change
 * something first. The numbers above 1 are those of <sysexits.h>.
 */
#ifndef FXI_CLI_STATUS_H
#define FXI_CLI_STATUS_H

#include "pipeline/pipeline.h"

enum fxi_status {
    FXI_STATUS_OK = 0,
    FXI_STATUS_NO = 1,             /* a command's answer: what it examined is damaged or missing */
    FXI_STATUS_USAGE = 64,         /* the command line is wrong */
    FXI_STATUS_FAULT = 70,         /* the system, a peer or a plugin failed */
    FXI_STATUS_NOT_COMMITTED = 75, /* stopped, but the last checkpoint was not committed */
    FXI_STATUS_CONFIG = 78         /* the configuration, or a plugin that it names, can't be used */
};

/* Of a pipeline that has ended so. */
enum fxi_status fxi_status_of_end(enum fxi_outcome outcome);

#endif
