/*
 * How producers of flow records name their fields. Plugins claim pmacct's names. A preset tells where another producer
 * has the same values.
 */
#ifndef FXI_PIPELINE_PRESET_H
#define FXI_PIPELINE_PRESET_H

#include "config/config.h"

/* Paths that a field may have. The list ends with NULL. The first path that a record has counts. */
#define FXI_PATHS_MAX 8
typedef const char *fxi_paths[FXI_PATHS_MAX + 1];

/* The places of a field. NULL: under its own name. */
const char *const *fxi_preset_paths(enum fxi_preset preset, const char *field);

/* For producers that count both directions: the places of the field's reverse value. NULL: none. */
const char *const *fxi_preset_back(enum fxi_preset preset, const char *field);

/* The field of the other end, such as as_dst for as_src. NULL: the field is the same for both ends. */
const char *fxi_field_partner(const char *field);

#endif
