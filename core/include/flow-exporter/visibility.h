/* Compiler attributes that the public headers use. */
#ifndef FLOW_EXPORTER_VISIBILITY_H
#define FLOW_EXPORTER_VISIBILITY_H

#define FX_API                     __attribute__((visibility("default")))
#define FX_PRINTF(format_, first_) __attribute__((format(printf, format_, first_)))
#define FX_WARN_UNUSED             __attribute__((warn_unused_result))

#endif
