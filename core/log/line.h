/* Makes one line of the log from its parts: text for people, JSON for programs. */
#ifndef FXI_LOG_LINE_H
#define FXI_LOG_LINE_H

#include "log/logger.h"
#include "util/str.h"

/*
 * Adds a line that ends with a newline. time is as in RFC 3339. NULL: the log's reader adds the time, and the line
 * begins with the level's number of syslog(3), as in "<4>". speaker may be NULL. pairs are key=value, with a NUL
 * between them: the one byte that no value has. pairs_size does not count a last NUL. FXI_LOG_NUMBER in place of "="
 * marks a number, which JSON has without quotes.
 */
#define FXI_LOG_NUMBER '\x01'

void fxi_log_line(struct fxi_str *out, enum fxi_log_format format, const char *time, enum fx_log_level level,
                  const char *speaker, const char *sentence, const char *pairs, size_t pairs_size);

/* Adds "<N>" with the level's number. sd-daemon(3) describes this prefix. */
void fxi_log_priority(struct fxi_str *out, enum fx_log_level level);

#endif
