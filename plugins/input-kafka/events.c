/* What librdkafka says of itself: its log (its own threads) and its errors (worker 0, serving events). */
#include "consumer.h"

void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_consumer *consumer = rd_kafka_opaque(rk);
    enum fx_log_level ours = level <= 3 ? FX_LOG_WARN : level <= 5 ? FX_LOG_INFO : FX_LOG_DEBUG;
    unsigned suppressed;
    if (ours == FX_LOG_DEBUG || (fx_log_enabled(ours) && fx_log_allowed(&consumer->event_limit, &suppressed)))
        fx_log(consumer->instance, ours, "librdkafka:", "facility=%s text=%s", facility, text);
}

static const char *advice(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return "No broker can be reached; trying again. What is served stays at the last committed cut.";
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return "The name of a broker can't be resolved; trying again.";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        return "A broker refuses to authenticate us; check user, password and mechanism under 'rdkafka'.";
    case RD_KAFKA_RESP_ERR__SSL:
        return "TLS with a broker fails; check the certificates under 'rdkafka'.";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return "This user may not use the consumer group; give it the right to read the group.";
    default:
        return "Kafka reports an error; trying again.";
    }
}

void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)rk;
    fx_metric_add(consumer->instance, KAFKA_ERRORS, 0, 1);
    unsigned suppressed;
    if (fx_log_allowed(&consumer->event_limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_WARN, advice(code), "error=%s reason=%s suppressed=%u",
               rd_kafka_err2name(code), reason, suppressed);
}
