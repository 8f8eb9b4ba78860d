/* The consumer's life. Main thread. */
#include "consumer.h"

#include <stdlib.h>

int kafka_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct kafka_consumer *consumer = calloc(1, sizeof *consumer);
    if (!consumer)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    consumer->instance = instance;
    consumer->options = options;
    pthread_mutex_init(&consumer->facts_lock, NULL);
    kafka_troubles_init(consumer);
    int rc = kafka_secrets_init(consumer, err);
    if (!rc)
        rc = kafka_conf_make(consumer, err);
    if (!rc)
        rc = kafka_letters_check(consumer, err);
    if (rc)
        kafka_destroy(consumer);
    else
        *self = consumer;
    return rc;
}

void kafka_destroy(void *self)
{
    struct kafka_consumer *consumer = self;
    if (consumer->conf)
        rd_kafka_conf_destroy(consumer->conf);
    kafka_baseline_free(consumer);
    kafka_brokers_free(consumer);
    kafka_letters_free(consumer);
    kafka_troubles_fini(consumer);
    kafka_known_free(consumer);
    pthread_mutex_destroy(&consumer->facts_lock);
    free(consumer->fixed);
    free(consumer->workers);
    if (!atomic_load(&consumer->is_left)) { /* otherwise librdkafka's threads may use it for logging until the
                                             * program ends */
        kafka_secrets_free(consumer);
        free(consumer);
    }
}

static int subscribe(struct kafka_consumer *consumer, struct fx_error *err)
{
    if (consumer->fixed)
        return 0; /* the first poll assigns partitions; it may wait for brokers */
    const struct fx_list *topics = &consumer->options->topics;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
    for (size_t i = 0; i < topics->count; i++)
        rd_kafka_topic_partition_list_add(list, topics->items[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code
               ? fx_error_option(err, consumer->instance, "topics", NULL, "can't subscribe: %s", rd_kafka_err2str(code))
               : 0;
}

/* After a start that has failed. Whatever hangs must be reported before the start returns. */
static void undo_start(struct kafka_consumer *consumer)
{
    atomic_store(&consumer->is_left, true); /* its threads log nothing more */
    bool is_left = !kafka_letters_stop(consumer, 0);
    if (consumer->rk) {
        rd_kafka_queue_destroy(consumer->commit_queue);
        is_left = !kafka_destroy_within(consumer, consumer->rk, 0) || is_left;
        consumer->rk = NULL;
    }
    atomic_store(&consumer->is_left, is_left);
    if (is_left)
        fx_left_behind(consumer->instance);
}

static int start(struct kafka_consumer *consumer, struct fx_error *err)
{
    char reason[256];
    consumer->worker_count = fx_instance_workers(consumer->instance);
    consumer->workers = calloc(consumer->worker_count, sizeof *consumer->workers);
    if (!consumer->workers)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    int rc = kafka_letters_start(consumer, err);
    if (rc)
        return rc;
    consumer->rk = rd_kafka_new(RD_KAFKA_CONSUMER, consumer->conf, reason, sizeof reason);
    if (!consumer->rk)
        return kafka_conf_refused(consumer, reason, err);
    consumer->conf = NULL; /* the consumer owns it now */
    rd_kafka_poll_set_consumer(consumer->rk);
    consumer->commit_queue = rd_kafka_queue_new(consumer->rk);
    kafka_known_load(consumer);
    return subscribe(consumer, err);
}

int kafka_start(void *self, struct fx_error *err)
{
    struct kafka_consumer *consumer = self;
    int rc = start(consumer, err);
    if (rc)
        undo_start(consumer);
    return rc;
}

int kafka_worker_new(void *self, unsigned index, void **context, struct fx_error *err)
{
    struct kafka_consumer *consumer = self;
    struct kafka_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    worker->consumer = consumer;
    worker->index = index;
    worker->capacity = (size_t)consumer->options->batch_messages;
    worker->messages = calloc(worker->capacity, sizeof(rd_kafka_message_t *));
    worker->queue = rd_kafka_queue_new(consumer->rk);
    consumer->workers[index] = worker;
    *context = worker;
    return worker->messages ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}

void kafka_worker_free(void *self, void *context)
{
    struct kafka_worker *worker = context;
    (void)self;
    free(worker->messages);
    free(worker);
}

/* Messages and queues go before the consumer. */
void kafka_stop(void *self, int timeout_ms)
{
    struct kafka_consumer *consumer = self;
    if (!consumer->rk)
        return;
    for (unsigned i = 0; i < consumer->worker_count; i++)
        if (consumer->workers[i])
            kafka_worker_forget(consumer->workers[i]);
    bool is_left = !kafka_letters_stop(consumer, timeout_ms / 4);
    kafka_known_save(consumer, true);
    kafka_forget_partitions(consumer);
    bool is_closed = kafka_close(consumer, timeout_ms / 2);
    for (unsigned i = 0; i < consumer->worker_count; i++)
        if (consumer->workers[i])
            rd_kafka_queue_destroy(consumer->workers[i]->queue);
    rd_kafka_queue_destroy(consumer->commit_queue);
    atomic_store(&consumer->is_left, true); /* its threads log nothing more */
    if (!is_closed || consumer->is_unsafe || !kafka_destroy_within(consumer, consumer->rk, timeout_ms / 4))
        is_left = true;
    atomic_store(&consumer->is_left, is_left);
    if (is_left)
        fx_left_behind(consumer->instance);
    consumer->rk = NULL;
}
