/* Names of metrics, labels and fields, by Prometheus' rules and the program's own. Any thread. */
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

/* As the decoder reads it: a dot or a backslash in a name has a backslash before it. */
const char *prom_path_fault(const char *path)
{
    bool has_name = false;
    for (const char *at = path; *at; at++) {
        bool is_dot = *at == '.';
        if (is_dot && !has_name)
            return "is not a field's path: names joined by dots are, with something before and behind each dot";
        if (*at == '\\' && *++at != '.' && *at != '\\')
            return "is not a field's path: behind a '\\' comes a dot or another '\\'";
        has_name = !is_dot;
    }
    return has_name ? NULL : "is not a field's path: a name is missing at its end";
}
