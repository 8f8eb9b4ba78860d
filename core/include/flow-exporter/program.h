/* The whole program as one call, for core/main.c. */
#ifndef FLOW_EXPORTER_PROGRAM_H
#define FLOW_EXPORTER_PROGRAM_H

#include <flow-exporter/visibility.h>

/* Runs flow-exporter with main's arguments and gives its exit status. Once a process. */
FX_API int fx_program_main(int argc, char **argv);

#endif
