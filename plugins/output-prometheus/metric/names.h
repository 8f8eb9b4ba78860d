/* Names of metrics, labels and fields, by Prometheus' rules and the program's own. Any thread. */
#ifndef OUTPUT_PROMETHEUS_NAMES_H
#define OUTPUT_PROMETHEUS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/metric.h>

/* NULL: it can be one. Else what is wrong and what to do, to go behind the name. */
const char *prom_metric_name_fault(const char *name, enum fx_metric_kind kind);
const char *prom_label_name_fault(const char *name);
const char *prom_path_fault(const char *path); /* of a field */
/* Whether two metrics have a line's name, or their own, in common, in one of the formats. clash: of CLASH_MAX bytes. */
#define PROM_CLASH_MAX 128
bool prom_metric_names_clash(const char *one, enum fx_metric_kind kind_one, const char *other,
                             enum fx_metric_kind kind_other, char clash[PROM_CLASH_MAX]);
/* A gauge that is called ..._info is of the type info in OpenMetrics. */
bool prom_metric_is_info(const char *name, enum fx_metric_kind kind);
/* How much of name is the name of its family in OpenMetrics: all but _total of a counter, _info of an info. */
size_t prom_metric_family_size(const char *name, enum fx_metric_kind kind);

#endif
