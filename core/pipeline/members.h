/* The names of the members of a record, from the text of a payload. Any thread. Off the hot path. */
#ifndef FXI_PIPELINE_MEMBERS_H
#define FXI_PIPELINE_MEMBERS_H

#include <stddef.h>

/*
 * Visits the members of the payload's first record that is not a producer's marker: their paths, those of members of
 * members included ("flow.bytes"). Visits nothing if there is no whole record.
 */
void fxi_members_visit(const char *payload, size_t size, void (*visit)(void *arg, const char *path), void *arg);

#endif
