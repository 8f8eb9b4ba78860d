/* What input-kafka knows about partitions: where each was left, and a log that goes back during a search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/input-kafka/consumer.h"
#include "checkpoint/source.h"

/* A rollback after the revocation gives uncommitted counts back. The partition continues from the place before them. */
static void where_a_partition_was_left(void **state)
{
    (void)state;
    static struct kafka_consumer consumer;
    static struct fx_stream stream = {.position = 100, .base_position = 40};
    static struct kafka_partition partition = {.topic = (char *)"t", .number = 3, .stream = &stream};
    kafka_known_keep(&consumer, &partition);
    stream.position = stream.base_position; /* as a rollback does */
    const struct kafka_known *known = kafka_known_find(&consumer, "t", 3);
    assert_non_null(known);
    assert_int_equal(fx_stream_position(known->stream), 40);
    assert_null(kafka_known_find(&consumer, "t", 4));
    kafka_known_free(&consumer);
}

/* Topics that match a pattern come and go. The oldest partitions are forgotten. */
static void what_is_known_has_a_bound(void **state)
{
    enum { COUNT = 25000 };
    (void)state;
    static struct kafka_consumer consumer;
    static struct fx_stream stream;
    static struct kafka_partition partition = {.topic = (char *)"topic", .stream = &stream};
    size_t found = 0;
    for (int i = 0; i < COUNT; i++) {
        partition.number = i;
        kafka_known_keep(&consumer, &partition);
        assert_non_null(kafka_known_find(&consumer, "topic", i));
        assert_non_null(kafka_known_find(&consumer, "topic", 0)); /* a partition in use stays */
        partition.number = 0;
        kafka_known_keep(&consumer, &partition);
    }
    for (int i = 0; i < COUNT; i++)
        found += kafka_known_find(&consumer, "topic", i) != NULL;
    assert_int_equal(found, consumer.known_index.count);
    assert_int_equal(found, 10000);
    assert_non_null(kafka_known_find(&consumer, "topic", COUNT - 1));
    kafka_known_free(&consumer);
}

/* librdkafka was sent to an offset, and a lower one comes. The log is another one, or has lost its end. */
static void a_log_goes_back_during_a_search(void **state)
{
    (void)state;
    static struct kafka_consumer consumer;
    struct kafka_partition partition = {.search = {.bad = 7, .good = -1, .probe = 15, .runs = true}};
    assert_false(kafka_batch_came(&consumer, &partition, 15)); /* the batch can be read */
    assert_int_equal(partition.search.good, 15);
    assert_true(partition.search.waits);
    assert_false(kafka_batch_came(&consumer, &partition, 3)); /* it was sent before the next step */
    assert_int_equal(partition.log, KAFKA_LOG_KNOWN);

    partition.search.waits = false;
    partition.search.probe = 11;
    assert_false(kafka_batch_came(&consumer, &partition, 3));
    assert_int_equal(partition.log, KAFKA_LOG_DOUBTED);
    assert_false(partition.search.runs); /* none of it counts as lost */
    assert_true(atomic_load(&consumer.has_doubts));

    const rd_kafka_message_t message = {.err = RD_KAFKA_RESP_ERR__BAD_COMPRESSION};
    assert_true(kafka_batch_failed(&consumer, &partition, 7, &message));
    assert_false(partition.search.runs || partition.search.since_ms); /* no search while the log is doubted */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_partition_was_left),
        cmocka_unit_test(what_is_known_has_a_bound),
        cmocka_unit_test(a_log_goes_back_during_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
