/*
 * Readiness: whether the program does its work at the moment, for others that rely on it. A program that is not ready
 * keeps running, and still serves what it has.
 */
#ifndef FLOW_EXPORTER_READY_H
#define FLOW_EXPORTER_READY_H

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

/*
 * Sets or clears the reason why an instance is not ready. An instance is ready until this is called, in create or
 * later. reason says what the instance waits for ("no broker can be reached"); NULL means that it is ready. reason is
 * copied, up to FX_READY_REASON_MAX bytes, and is shown and logged. Any thread; takes a short lock.
 */
FX_API void fx_ready_set(struct fx_instance *instance, const char *reason);
#define FX_READY_REASON_MAX 200

/*
 * Calls visit for every part of the program that is not ready, and returns their number. Then calls visit for every call
 * of a plugin that exceeds pipeline.call_deadline, with the plugin's name, the call and its age. Such calls are not in
 * the number: they are no reason by themselves. Any thread; takes short locks.
 */
FX_API unsigned fx_ready_visit(struct fx_instance *instance,
                               void (*visit)(void *arg, const char *name, const char *reason), void *arg);

FX_C_END

#endif
