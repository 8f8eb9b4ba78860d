/* Names of metrics, labels and fields, by Prometheus' rules and the program's own. Any thread. */
#ifndef OUTPUT_PROMETHEUS_NAMES_H
#define OUTPUT_PROMETHEUS_NAMES_H

/* NULL: it can be one. Else what is wrong and what to do, to go behind the name. */
const char *prom_metric_name_fault(const char *name);
const char *prom_label_name_fault(const char *name);
/* The same of a field's path. */
const char *prom_path_fault(const char *path);

#endif
