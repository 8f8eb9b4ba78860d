/*
 * Dead letters: rejected records that are kept for later inspection. The core writes them to a file, or has the input
 * send them to a topic of the input's brokers.
 */
#ifndef FLOW_EXPORTER_LETTER_H
#define FLOW_EXPORTER_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

/* One rejected record: its text, the reason, and its place. Valid during the call. */
struct fx_letter {
    const char *data;
    size_t size;
    const char *reason; /* as in the label reason of records_malformed_total */
    const char *stream;
    int32_t partition;    /* negative: the stream has no partitions, and line counts from the stream's beginning */
    int64_t offset;       /* of the record's payload */
    int64_t line, column; /* of the fault in the payload, counted from 1 */
};

/*
 * Gives the topic for the dead letters of this input, or NULL. From create on. An input with such a topic must have
 * letter_send.
 */
FX_API const char *fx_letter_topic(const struct fx_instance *instance);

FX_C_END

#endif
