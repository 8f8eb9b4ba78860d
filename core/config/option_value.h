/* Values of options: text to number and number to text. Only for the files of the option tables. */
#ifndef FXI_CONFIG_OPTION_VALUE_H
#define FXI_CONFIG_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/option.h>

/* Writes one text into the option's member. The option is not a list or map. */
int fxi_value_parse(const struct fx_option *option, const char *text, void *member, struct fx_error *err);

/* Prints the number of a duration or size option with its unit, such as "5s" or "64KiB". Other options have no unit. */
#define FXI_VALUE_MAX 32
const char *fxi_value_format(const struct fx_option *option, int64_t value, char buffer[FXI_VALUE_MAX]);

/* Prints "1 to 65535", "at least 1" or "at most 9". Without bounds: gives false and an empty text. */
#define FXI_BOUNDS_MAX 96
bool fxi_value_bounds(const struct fx_option *option, char buffer[FXI_BOUNDS_MAX]);
bool fxi_value_in_bounds(const struct fx_option *option, int64_t value);

/* What must be written, such as "a whole number" or "a list of texts". */
const char *fxi_value_kind(const struct fx_option *option);

#endif
