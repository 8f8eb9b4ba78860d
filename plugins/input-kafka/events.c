/* What librdkafka says of itself: its log (its own threads) and its errors (worker 0, serving events). */
#include "consumer.h"

#include <string.h>

void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_consumer *consumer = rd_kafka_opaque(rk);
    enum fx_log_level ours = level <= 3 ? FX_LOG_WARN : level <= 5 ? FX_LOG_INFO : FX_LOG_DEBUG;
    unsigned suppressed;
    if (atomic_load(&consumer->is_left)) /* its instance is gone */
        return;
    if (ours == FX_LOG_DEBUG || (fx_log_enabled(ours) && fx_log_allowed(&consumer->event_limit, &suppressed)))
        fx_log(consumer->instance, ours, "librdkafka:", "facility=%s text=%s", facility, text);
}

void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    /* With TLS 1.3 a broker refuses our certificate when the connection seems to stand already. */
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT && strstr(reason, "SSL alert"))
        code = RD_KAFKA_RESP_ERR__SSL;
    kafka_trouble_note(opaque, (rd_kafka_resp_err_t)code, NULL, -1, reason);
}
