/* Compiler attributes that the public headers use, and what lets C++ include them. */
#ifndef FLOW_EXPORTER_VISIBILITY_H
#define FLOW_EXPORTER_VISIBILITY_H

#define FX_API                     __attribute__((visibility("default")))
#define FX_PRINTF(format_, first_) __attribute__((format(printf, format_, first_)))
#define FX_WARN_UNUSED             __attribute__((warn_unused_result))

/*
 * FX_C_BEGIN and FX_C_END stand around declarations. FX_ZERO stands behind the members of structs that plugins fill by
 * designated initialisers: what is left out is zero in C anyway, and in C++ without a warning.
 */
#ifdef __cplusplus
#define FX_C_BEGIN extern "C" {
#define FX_C_END   }
#define FX_ZERO    = {}
#else
#define FX_C_BEGIN
#define FX_C_END
#define FX_ZERO
#endif

#endif
