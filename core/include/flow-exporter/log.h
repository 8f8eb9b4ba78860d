/*
 * The log: a sentence, then key=value pairs; as text or as JSON, chosen by the
 * user. Any thread. Never log a secret.
 */
#ifndef FLOW_EXPORTER_LOG_H
#define FLOW_EXPORTER_LOG_H

#include <flow-exporter/visibility.h>

struct fx_instance;

enum fx_log_level { FX_LOG_ERROR, FX_LOG_WARN, FX_LOG_INFO, FX_LOG_DEBUG };

/*
 * Logs the sentence and, if pairs is not NULL, printf-formatted pairs:
 *
 *     fx_log(instance, FX_LOG_WARN, "A broker is down.", "broker=%s seconds=%d", name, s);
 *
 * The pairs are split at the spaces of the format, so a value may contain spaces.
 * instance names the speaker and may be NULL.
 */
FX_API void fx_log(const struct fx_instance *instance, enum fx_log_level level, const char *sentence, const char *pairs,
                   ...) FX_PRINTF(4, 5);

/* Whether a line of this level would be written: to spare the work of preparing one. */
FX_API int fx_log_enabled(enum fx_log_level level);

/*
 * For lines that a record or a peer can cause: zero-initialised, one a place in the code.
 * fx_log_allowed() says yes at most ten times in ten seconds; *suppressed is then the number of lines
 * that were held back since the last yes. Any thread.
 */
struct fx_log_limit {
    long long window_start_ms;
    unsigned allowed, held_back, contended;
    int lock;
};
FX_API int fx_log_allowed(struct fx_log_limit *limit, unsigned *suppressed);

#endif
