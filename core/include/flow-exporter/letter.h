/*
 * Dead letters: records that were rejected, kept for somebody to look at. The
 * core writes them to a file, or has the input send them to a topic of its
 * brokers. Since ABI 1.1.
 */
#ifndef FLOW_EXPORTER_LETTER_H
#define FLOW_EXPORTER_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/visibility.h>

struct fx_instance;

/* One rejected record: what it was, why, and where it was. Valid during the call. */
struct fx_letter {
    const char *data;
    size_t size;
    const char *reason; /* the label value of records_malformed_total */
    const char *stream;
    int32_t partition;    /* below 0: the stream has none, and line is the stream's */
    int64_t offset;       /* of its payload */
    int64_t line, column; /* from 1: in its payload, where the fault is */
};

/* The topic that this input's dead letters shall go to, or NULL. From create on; such an input has letter_send. */
FX_API const char *fx_letter_topic(const struct fx_instance *instance);

#endif
