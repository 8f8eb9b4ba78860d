/*
 * How producers of flow records call their fields. pmacct's names are the ones
 * that plugins claim; a preset says where the same thing is elsewhere.
 */
#ifndef FXI_PIPELINE_PRESET_H
#define FXI_PIPELINE_PRESET_H

#include "config/config.h"

/* Paths that a field may have, ended by NULL; the first one that a record has counts. */
#define FXI_PATHS_MAX 8
typedef const char *fxi_paths[FXI_PATHS_MAX + 1];

/* Where a field is; NULL: under its own name. */
const char *const *fxi_preset_paths(enum fxi_preset preset, const char *field);

/* Of a producer whose records count both ways: where the field's value for the way back is. NULL: nowhere. */
const char *const *fxi_preset_back(enum fxi_preset preset, const char *field);

/* The field of the other end: as_dst for as_src. NULL: it is the same for both. */
const char *fxi_field_partner(const char *field);

#endif
