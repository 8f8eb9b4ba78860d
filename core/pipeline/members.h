/* The names of a record's members, from the text of a payload. Any thread. Not on the hot path. */
#ifndef FXI_PIPELINE_MEMBERS_H
#define FXI_PIPELINE_MEMBERS_H

#include <stddef.h>

/*
 * Visits the members of the first record in a payload that is no producer's marker. Nested members are included, by
 * their paths ("flow.bytes"). Visits nothing if there is no whole record.
 */
void fxi_members_visit(const char *payload, size_t size, void (*visit)(void *arg, const char *path), void *arg);

#endif
