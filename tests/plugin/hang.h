/*
 * For test plugins with a call that does not return. The option 'at' names the call. A line in the file 'calls' shows
 * that the call has begun.
 */
#ifndef TEST_PLUGIN_HANG_H
#define TEST_PLUGIN_HANG_H

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "calls.h"

struct hang_options {
    const char *at;
    bool spins; /* hangs and uses a whole processor */
    const char *calls;
};

static inline void hang_at(const struct hang_options *options, const char *call)
{
    if (strcmp(options->at, call) != 0)
        return;
    calls_note(options->calls, "hangs: %s", call);
    for (struct timespec hour = {.tv_sec = 3600};;)
        if (!options->spins)
            nanosleep(&hour, NULL);
}

#define HANG_OPTIONS                                                                                                   \
    {FX_OPTION(struct hang_options, at), .type = FX_OPT_STRING, .fallback = "none", .help = "The call."},              \
        {FX_OPTION(struct hang_options, spins), .type = FX_OPT_BOOL, .fallback = "false",                              \
         .help = "Takes a processor."},                                                                                \
        {FX_OPTION(struct hang_options, calls), .type = FX_OPT_STRING, .fallback = "", .help = "A file for a line."},  \
    {                                                                                                                  \
        0                                                                                                              \
    }

#endif
