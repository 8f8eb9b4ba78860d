/* A point in time as people write it. Any thread. */
#ifndef INPUT_KAFKA_TIMESTAMP_H
#define INPUT_KAFKA_TIMESTAMP_H

#include <stdint.h>

/*
 * Reads a time as milliseconds since 1970. Forms: "2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00+01:00"
 * (UTC without a zone), or a number of seconds, or of milliseconds if it has more than eleven digits. 0, or -1 for
 * anything else.
 */
int kafka_timestamp_parse(const char *text, int64_t *ms);

#endif
