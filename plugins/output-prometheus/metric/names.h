/* Names of metrics, labels and fields, by Prometheus' rules and the program's own. Any thread. */
#ifndef OUTPUT_PROMETHEUS_NAMES_H
#define OUTPUT_PROMETHEUS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/metric.h>

/* NULL: the name is good. Otherwise the text that follows the name: what is wrong and what to do. */
const char *prom_metric_name_fault(const char *name, enum fx_metric_kind kind);
const char *prom_label_name_fault(const char *name);
const char *prom_path_fault(const char *path); /* for a field */
/*
 * Whether two metrics would have a name in common, of a family or of a line, in one of the formats. clash: CLASH_MAX
 * bytes.
 */
#define PROM_CLASH_MAX 128
bool prom_metric_names_clash(const char *one, enum fx_metric_kind kind_one, const char *other,
                             enum fx_metric_kind kind_other, char clash[PROM_CLASH_MAX]);
/* A gauge with the name ..._info has the type info in OpenMetrics. */
bool prom_metric_is_info(const char *name, enum fx_metric_kind kind);
/*
 * How many bytes of name are its family's name in OpenMetrics: all but _total for a counter, all but _info for an
 * info.
 */
size_t prom_metric_family_size(const char *name, enum fx_metric_kind kind);

#endif
