/*
 * The log. A line is a sentence followed by key=value pairs. The user chooses between text and JSON. Any thread. Never
 * log a secret.
 */
#ifndef FLOW_EXPORTER_LOG_H
#define FLOW_EXPORTER_LOG_H

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

enum fx_log_level { FX_LOG_ERROR, FX_LOG_WARN, FX_LOG_INFO, FX_LOG_DEBUG };

/*
 * Logs the sentence and, if pairs is not NULL, pairs formatted as by printf:
 *
 *     fx_log(instance, FX_LOG_WARN, "A broker is down.", "broker=%s seconds=%d", name, s);
 *
 * Pairs are split at the spaces of the format, so a value may contain spaces. In JSON a value that is one decimal
 * conversion, such as %d or %.1f, is a number; all others are texts. instance names the plugin that logs and
 * may be NULL.
 */
FX_API void fx_log(const struct fx_instance *instance, enum fx_log_level level, const char *sentence, const char *pairs,
                   ...) FX_PRINTF(4, 5);

/* Says whether a line of this level would be written. Use it to avoid preparing a line in vain. */
FX_API int fx_log_enabled(enum fx_log_level level);

/*
 * Limits lines that a record or a peer can cause. Each place in the code has a limit of its own, initialised with
 * zeros. fx_log_allowed() allows at most ten lines in ten seconds: it returns 1 for those and 0 for others. When it
 * returns 1, *suppressed is the number of lines refused since the last allowed one. Any thread.
 */
struct fx_log_limit {
    long long window_start_ms;
    unsigned allowed, held_back, contended;
    int lock;
};
FX_API int fx_log_allowed(struct fx_log_limit *limit, unsigned *suppressed);

FX_C_END

#endif
