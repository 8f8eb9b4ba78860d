/* The whole program as one call, for core/main.c. */
#ifndef FLOW_EXPORTER_PROGRAM_H
#define FLOW_EXPORTER_PROGRAM_H

#include <flow-exporter/visibility.h>

FX_C_BEGIN

/* Runs flow-exporter with the arguments of main and returns its exit status. Call it once in a process. */
FX_API int fx_program_main(int argc, char **argv);

FX_C_END

#endif
