/* The command `flow-exporter whois AS15169 ...` asks every server and prints what each said. Main thread. */
#ifndef WHOIS_COMMAND_H
#define WHOIS_COMMAND_H

#include "names/names.h"
#include "options.h"

struct whois_command {
    struct fx_instance *instance;
    const struct whois_options *options;
    const struct whois_server_options *servers;
    size_t server_count;
    struct whois_names *files; /* not read yet */
};

/* 0: all numbers have a name; 1: some have none, or something failed; 2: wrong arguments. */
int whois_command_run(const struct whois_command *command, int argc, const char *const *argv);

#endif
