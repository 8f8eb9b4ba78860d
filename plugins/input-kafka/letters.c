/*
 * Dead letters to a topic, by a producer of the plugin's own. Workers send. The checkpoint waits until all letters
 * are stored or have failed. The core counts letters that failed for good as lost. The producer's queue is bounded.
 */
#include "consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_KIBIBYTES "65536"
#define POLL_MS         10

/* librdkafka calls this inside poll and flush, in any of our threads. */
static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)rk;
    if (!message->err) {
        atomic_fetch_add(&consumer->letters.stored, 1);
        return;
    }
    atomic_fetch_add(&consumer->letters.lost, 1);
    unsigned suppressed;
    if (fx_log_allowed(&consumer->letters.limit, &suppressed))
        fx_log(consumer->instance, FX_LOG_WARN, "A dead letter was not stored.", "topic=%s error=%s suppressed=%u",
               fx_letter_topic(consumer->instance), rd_kafka_err2str(message->err), suppressed);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk, (void)code, (void)reason, (void)opaque; /* the consumer meets the same brokers, and failed letters are
                                                       * reported */
}

int kafka_letters_check(struct kafka_consumer *consumer, struct fx_error *err)
{
    const char *topic = fx_letter_topic(consumer->instance);
    if (!topic)
        return 0;
    if (kafka_reads(consumer, topic))
        return fx_error_option(err, consumer->instance, "dead_letters", "topic",
                               "'%s' is a topic that is read: its dead letters would be rejected again for ever",
                               topic);
    consumer->letters.conf = rd_kafka_conf_dup(consumer->conf);
    static const char *const properties[][2] = {{"queue.buffering.max.kbytes", QUEUE_KIBIBYTES},
                                                {"message.timeout.ms", "30000"},
                                                {"statistics.interval.ms", "0"},
                                                {"enable.partition.eof", "false"}};
    char reason[256];
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(consumer->letters.conf, properties[i][0], properties[i][1], reason, sizeof reason))
            return fx_error_set(err, FX_EINVAL, "librdkafka refuses %s: %s", properties[i][0], reason);
    rd_kafka_conf_set_error_cb(consumer->letters.conf, on_error);
    rd_kafka_conf_set_dr_msg_cb(consumer->letters.conf, on_delivered);
    return 0;
}

int kafka_letters_start(struct kafka_consumer *consumer, struct fx_error *err)
{
    char reason[256];
    if (!consumer->letters.conf)
        return 0;
    consumer->letters.producer = rd_kafka_new(RD_KAFKA_PRODUCER, consumer->letters.conf, reason, sizeof reason);
    if (!consumer->letters.producer)
        return kafka_conf_refused(consumer, reason, err);
    consumer->letters.conf = NULL; /* the producer owns it now */
    return 0;
}

bool kafka_letters_stop(struct kafka_consumer *consumer, int timeout_ms)
{
    if (!consumer->letters.producer)
        return true;
    rd_kafka_purge(consumer->letters.producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    bool is_gone = kafka_destroy_within(consumer, consumer->letters.producer, timeout_ms);
    consumer->letters.producer = NULL;
    return is_gone;
}

void kafka_letters_free(struct kafka_consumer *consumer)
{
    if (consumer->letters.conf)
        rd_kafka_conf_destroy(consumer->letters.conf);
}

enum fx_verdict kafka_letter_send(void *self, const struct fx_letter *letter)
{
    struct kafka_consumer *consumer = self;
    char partition[16], offset[24], line[24], column[24];
    snprintf(partition, sizeof partition, "%" PRId32, letter->partition);
    snprintf(offset, sizeof offset, "%" PRId64, letter->offset);
    snprintf(line, sizeof line, "%" PRId64, letter->line);
    snprintf(column, sizeof column, "%" PRId64, letter->column);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        consumer->letters.producer, RD_KAFKA_V_TOPIC(fx_letter_topic(consumer->instance)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE((void *)(uintptr_t)letter->data, letter->size),
        RD_KAFKA_V_HEADER("reason", letter->reason, -1), RD_KAFKA_V_HEADER("topic", letter->stream, -1),
        RD_KAFKA_V_HEADER("partition", partition, -1), RD_KAFKA_V_HEADER("offset", offset, -1),
        RD_KAFKA_V_HEADER("line", line, -1), RD_KAFKA_V_HEADER("column", column, -1), RD_KAFKA_V_END);
    rd_kafka_poll(consumer->letters.producer, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? POLL_MS : 0);
    if (!code)
        return FX_OK;
    return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? FX_AGAIN : FX_DROP;
}

enum fx_verdict kafka_letter_store(void *self, int timeout_ms, uint64_t *stored, uint64_t *lost)
{
    struct kafka_consumer *consumer = self;
    rd_kafka_resp_err_t code = consumer->letters.producer ? rd_kafka_flush(consumer->letters.producer, timeout_ms)
                                                          : RD_KAFKA_RESP_ERR_NO_ERROR;
    *stored += atomic_exchange(&consumer->letters.stored, 0);
    *lost += atomic_exchange(&consumer->letters.lost, 0);
    return code ? FX_RETRY : FX_OK;
}
