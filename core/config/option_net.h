/* Texts of options that are addresses, prefixes, hosts with ports, or times. For the files of the option tables only. */
#ifndef FXI_CONFIG_OPTION_NET_H
#define FXI_CONFIG_OPTION_NET_H

#include <stdbool.h>

#include <flow-exporter/option.h>

bool fxi_address_parse(const char *text, struct fx_address *address);
/* NULL: it is one. Otherwise what is to be added to the message, or nothing. */
const char *fxi_prefix_parse(const char *text, struct fx_prefix *prefix);
/* Replaces the host, which is on the heap. */
bool fxi_host_port_parse(const char *text, struct fx_host_port *value);
bool fxi_timestamp_parse(const char *text, int64_t *value);

#endif
