/* A point in time as people write it. Any thread. */
#ifndef INPUT_KAFKA_TIMESTAMP_H
#define INPUT_KAFKA_TIMESTAMP_H

#include <stdint.h>

/*
 * Milliseconds since 1970 of "2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00+01:00" (UTC without a zone) or of a
 * number of seconds, or milliseconds when it has more than eleven digits. 0, or -1: it is none of these.
 */
int kafka_timestamp_parse(const char *text, int64_t *ms);

#endif
