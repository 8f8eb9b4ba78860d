/* Names of metrics, labels and fields, by Prometheus' rules and the program's own. Any thread. */
#include "metric/names.h"

#include <stdio.h>
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

bool prom_metric_is_info(const char *name, enum fx_metric_kind kind)
{
    return kind == FX_GAUGE && ends_with(name, "_info");
}

size_t prom_metric_family_size(const char *name, enum fx_metric_kind kind)
{
    size_t size = strlen(name);
    if (kind == FX_COUNTER && ends_with(name, "_total"))
        return size - strlen("_total");
    return prom_metric_is_info(name, kind) ? size - strlen("_info") : size;
}

/* Suffixes of other kinds of metrics, or of their lines. */
static bool ends_as_others(const char *name)
{
    static const char *const ends[] = {"_total", "_bucket", "_sum", "_count", "_created", "_info", NULL};
    for (const char *const *end = ends; *end; end++)
        if (ends_with(name, *end))
            return true;
    return false;
}

const char *prom_metric_name_fault(const char *name, enum fx_metric_kind kind)
{
    if (!*name || strspn(name, DIGITS) || name[strspn(name, LETTERS DIGITS ":")])
        return "is not a metric's name: letters, digits, '_' and ':', and no digit first";
    if (starts_with(name, "flow_exporter_") || starts_with(name, "process_"))
        return "is like the program's own metrics; choose a name that begins with neither flow_exporter_ nor process_";
    if (kind == FX_COUNTER)
        return ends_with(name, "_total") ? NULL : "must end in _total, as counters do";
    return ends_as_others(name) ? "must not end in _total, _bucket, _sum, _count, _created or _info: readers recognise "
                                  "counters, histograms and infos by these endings"
                                : NULL;
}

/* The suffix of the metric's name in OpenMetrics, then those of its lines. */
static const char *const *suffixes_of(enum fx_metric_kind kind)
{
    static const char *const counter[] = {"", "_total", "_created", NULL}, *const gauge[] = {"", NULL},
                             *const histogram[] = {"", "_bucket", "_sum", "_count", "_created", NULL};
    return kind == FX_COUNTER ? counter : kind == FX_GAUGE ? gauge : histogram;
}

bool prom_metric_names_clash(const char *one, enum fx_metric_kind kind_one, const char *other,
                             enum fx_metric_kind kind_other, char clash[PROM_CLASH_MAX])
{
    size_t size_one = prom_metric_family_size(one, kind_one), size_other = prom_metric_family_size(other, kind_other);
    for (const char *const *left = suffixes_of(kind_one); *left; left++) {
        size_t size = size_one + strlen(*left);
        for (const char *const *right = suffixes_of(kind_other); *right; right++) {
            char names[2][PROM_CLASH_MAX];
            if (size != size_other + strlen(*right))
                continue;
            snprintf(names[0], sizeof names[0], "%.*s%s", (int)size_one, one, *left);
            snprintf(names[1], sizeof names[1], "%.*s%s", (int)size_other, other, *right);
            if (strcmp(names[0], names[1]) != 0)
                continue;
            memcpy(clash, names[0], sizeof names[0]);
            return true;
        }
    }
    return false;
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

/* Checks the path as the decoder reads it: a backslash stands before each dot or backslash in a name. */
const char *prom_path_fault(const char *path)
{
    bool has_name = false;
    for (const char *at = path; *at; at++) {
        bool is_dot = *at == '.';
        if (is_dot && !has_name)
            return "is not the path of a field: a path is names joined by dots, with something before and after each "
                   "dot";
        if (*at == '\\' && *++at != '.' && *at != '\\')
            return "is not the path of a field: after a '\\' comes a dot or another '\\'";
        has_name = !is_dot;
    }
    return has_name ? NULL : "is not the path of a field: a name is missing at its end";
}
