/* Sends payloads to a Kafka topic, with librdkafka. A fault ends the program with a message. One thread. */
#ifndef TOOLS_PRODUCER_H
#define TOOLS_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

struct producer;

struct producer *producer_new(const char *brokers, const char *topic, const char *compression);
/* Copies data. Waits while the queue is full. */
void producer_send(struct producer *producer, int32_t partition, const char *data, size_t size);
/* Waits until every message is stored, then frees. */
void producer_close(struct producer *producer);

#endif
