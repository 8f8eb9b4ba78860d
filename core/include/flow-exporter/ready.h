/*
 * Readiness: whether the program does its work just now, for those who ask
 * before they rely on it. It stays up and serves what it has either way.
 */
#ifndef FLOW_EXPORTER_READY_H
#define FLOW_EXPORTER_READY_H

#include <flow-exporter/visibility.h>

struct fx_instance;

/*
 * An instance is ready unless it says otherwise, in create or later. reason says what it waits for ("no broker can be
 * reached"), is copied (at most FX_READY_REASON_MAX bytes) and shown and logged. NULL: ready. Any thread; takes a short lock.
 */
FX_API void fx_ready_set(struct fx_instance *instance, const char *reason);
#define FX_READY_REASON_MAX 200

/* Shows every part of the program that is not ready, and gives their number. Any thread; takes a short lock. */
FX_API unsigned fx_ready_visit(struct fx_instance *instance,
                               void (*visit)(void *arg, const char *name, const char *reason), void *arg);

#endif
