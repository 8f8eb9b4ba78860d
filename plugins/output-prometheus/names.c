/* Names of metrics and labels, by Prometheus' rules and the program's own. Any thread. */
#include "names.h"

#include <stdbool.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS  "0123456789"

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

const char *prom_metric_name_fault(const char *name)
{
    if (!*name || strspn(name, DIGITS) || name[strspn(name, LETTERS DIGITS ":")])
        return "is not a metric's name: letters, digits, '_' and ':', and no digit first";
    if (starts_with(name, "flow_exporter_") || starts_with(name, "process_"))
        return "is like the program's own metrics; choose a name that begins with neither flow_exporter_ nor process_";
    if (!ends_with(name, "_total"))
        return "must end in _total, as counters do";
    return NULL;
}

const char *prom_label_name_fault(const char *name)
{
    if (!*name || strspn(name, DIGITS) || name[strspn(name, LETTERS DIGITS)])
        return "is not a label's name: letters, digits and '_', and no digit first";
    if (starts_with(name, "__"))
        return "is reserved: Prometheus keeps names that begin with two '_' for itself";
    if (strcmp(name, "le") == 0 || strcmp(name, "quantile") == 0)
        return "is reserved for histograms and summaries; choose another name";
    return NULL;
}
