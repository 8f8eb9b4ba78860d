/* What librdkafka reports of itself: its log (its own threads) and its errors (workers, inside poll). */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 1024

void kafka_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_consumer *consumer = rd_kafka_opaque(rk);
    enum fx_log_level ours = level <= 3 ? FX_LOG_WARN : level <= 5 ? FX_LOG_INFO : FX_LOG_DEBUG;
    unsigned suppressed;
    char shown[SHOWN_MAX];
    if (atomic_load(&consumer->is_left)) /* the instance is gone */
        return;
    if (fx_log_enabled(ours) && (ours == FX_LOG_DEBUG || fx_log_allowed(&consumer->event_limit, &suppressed)))
        fx_log(consumer->instance, ours, "librdkafka:", "facility=%s text=%s", facility,
               kafka_scrub(consumer, text, shown, sizeof shown));
}

/* For some errors librdkafka names the partition only in the text: "TOPIC [NUMBER]: ...". */
static struct kafka_partition *find_in_text(const struct kafka_consumer *consumer, const char *text)
{
    struct kafka_partition *at = consumer->partitions;
    for (; at; at = at->next) {
        size_t size = strlen(at->topic);
        if (strncmp(text, at->topic, size) == 0 && strncmp(text + size, " [", 2) == 0 &&
            strtol(text + size + 2, NULL, 10) == at->number)
            break;
    }
    return at;
}

/* Errors of a partition come out of its queue, to the worker that reads it. */
void kafka_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    char shown[SHOWN_MAX];
    rd_kafka_resp_err_t error = (rd_kafka_resp_err_t)code;
    (void)rk;
    /* With TLS 1.3 a broker can refuse our certificate after the connection seems to be up. */
    if (error == RD_KAFKA_RESP_ERR__TRANSPORT && strstr(reason, "SSL alert"))
        error = RD_KAFKA_RESP_ERR__SSL;
    bool is_unknown = kafka_trouble_of(error) == KAFKA_TROUBLE_TOPIC_UNKNOWN;
    struct kafka_partition *partition = is_unknown ? find_in_text(consumer, reason) : NULL;
    if (partition) {
        atomic_store(&partition->is_missed, true);
        atomic_store(&consumer->workers[partition->worker]->has_missed, true);
    }
    kafka_trouble_note(consumer, error, partition ? partition->topic : NULL, partition ? partition->number : -1,
                       kafka_scrub(consumer, reason, shown, sizeof shown));
}
