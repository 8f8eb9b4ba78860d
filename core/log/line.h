/* One line of the log, made of its parts: text for people, JSON for programs. */
#ifndef FXI_LOG_LINE_H
#define FXI_LOG_LINE_H

#include "log/log.h"
#include "util/str.h"

/* Between pairs after formatting: the spaces of the format become this, so that values may contain spaces. */
#define FXI_LOG_SEPARATOR '\x1f'

/* time: RFC 3339; speaker may be NULL; pairs: key=value joined by FXI_LOG_SEPARATOR. Ends with a newline. */
void fxi_log_line(struct fxi_str *out, enum fxi_log_format format, const char *time, enum fx_log_level level,
                  const char *speaker, const char *sentence, const char *pairs);

#endif
