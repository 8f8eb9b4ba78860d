/* Single values of options: text to number, number to text. For the files of the option tables only. */
#ifndef FXI_CONFIG_OPTION_VALUE_H
#define FXI_CONFIG_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/option.h>

/* One text into the member of option, which is neither a list nor a map. */
int fxi_value_parse(const struct fx_option *option, const char *text, void *member, struct fx_error *err);

/* A number of a duration or size option as it would be written: "5s", "64KiB"; of others just the number. */
#define FXI_VALUE_MAX 32
const char *fxi_value_format(const struct fx_option *option, int64_t value, char buffer[FXI_VALUE_MAX]);

/* "1 to 65535", "at least 1", "at most 9"; false and empty when there are no bounds. */
#define FXI_BOUNDS_MAX 96
bool fxi_value_bounds(const struct fx_option *option, char buffer[FXI_BOUNDS_MAX]);
bool fxi_value_in_bounds(const struct fx_option *option, int64_t value);

/* "a whole number", "a list of texts": what must be written. */
const char *fxi_value_kind(const struct fx_option *option);

#endif
