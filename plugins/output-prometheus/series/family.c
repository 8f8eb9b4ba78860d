/*
 * The metrics. They are made from the entries of the option metrics, or from the default ones: what each one counts,
 * the fields that it needs, and its series. The main thread makes them in create. Workers call takes.
 */
#include "series/family.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/asn.h>

#include "metric/names.h"
#include "series/store.h"

#define TESTS_MAX 1024 /* values of a condition */

/* A metric in the making. */
struct making {
    struct prom_store *store;
    const struct prom_metric_options *rows;
    size_t index; /* of the row */
    struct fx_error *err;
};

static const struct prom_metric_options *row_of(const struct making *making)
{
    return &making->rows[making->index];
}

/* An error about an option of the row, and a key or value in it: "metrics[1].match.as_dst", "5-3". */
static int __attribute__((format(printf, 4, 5)))
fail(const struct making *making, const char *option, const char *item, const char *format, ...)
{
    char path[256], message[FX_ERROR_MESSAGE_MAX];
    snprintf(path, sizeof path, "metrics[%zu].%s", making->index, option);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return fx_error_option(making->err, making->store->instance, path, item, "%s", message);
}

/* ---- fields */

/*
 * AS numbers, and fields that inputs scale, are always numbers. All other fields can be texts in one record and
 * numbers in another, so they are read as texts: then no record is rejected for them. The value of a metric is an
 * exception.
 */
static bool is_number_field(const char *path)
{
    static const char *const paths[] = {"as_src",      "as_dst", "peer_as_src", "peer_as_dst", "peer_src_as",
                                        "peer_dst_as", "bytes",  "packets",     NULL};
    for (const char *const *one = paths; *one; one++)
        if (strcmp(*one, path) == 0)
            return true;
    return false;
}

static int claim(const struct making *making, const char *option, const char *item, const char *path, enum fx_type type,
                 unsigned *field)
{
    struct fx_error why = FX_ERROR_INIT;
    const char *fault = prom_path_fault(path);
    if (fault)
        return fail(making, option, item, "'%.80s' %s", path, fault);
    const struct fx_claim wanted = {.path = path, .type = type, .mismatch = FX_MISMATCH_REJECT};
    int number = fx_claim(making->store->instance, &wanted, &why);
    if (number < 0)
        return fail(making, option, item, "%.200s", why.message);
    *field = (unsigned)number;
    return 0;
}

/* ---- match and unless */

/* Sorted by field name, so that the definition does not depend on the order in the configuration. */
static int compare_pairs(const void *a, const void *b)
{
    const struct fx_pair *const *left = a, *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);
    return order ? order : *left < *right ? -1 : 1; /* the values of one field keep their order */
}

static const struct fx_pair **sort_pairs(const struct fx_map *map)
{
    const struct fx_pair **pairs = malloc((map->count + 1) * sizeof *pairs);
    for (size_t i = 0; pairs && i < map->count; i++)
        pairs[i] = &map->pairs[i];
    if (pairs)
        qsort(pairs, map->count, sizeof *pairs, compare_pairs);
    return pairs;
}

static size_t same_keys(const struct fx_pair **pairs, size_t count)
{
    size_t same = 1;
    while (same < count && strcmp(pairs[same]->key, pairs[0]->key) == 0)
        same++;
    return same;
}

/* A condition on one field, made from its values: count pairs. */
static int add_condition(const struct making *making, const char *option, struct prom_condition *condition,
                         const struct fx_pair **pairs, size_t count)
{
    const char *path = pairs[0]->key, *values[TESTS_MAX], *wrong;
    char why[PROM_WHY_MAX] = "", place[256];
    bool is_number = is_number_field(path);
    *condition = (struct prom_condition){.path = path};
    if (count > TESTS_MAX)
        return fail(making, option, path, "'%.80s' has %zu values; %d is the most", path, count, TESTS_MAX);
    for (size_t i = 0; i < count; i++)
        values[i] = pairs[i]->value;
    int rc = prom_condition_init(condition, is_number, values, (unsigned)count, why, &wrong);
    if (rc == FX_ENOMEM)
        return fx_error_set(making->err, FX_ENOMEM, "out of memory");
    if (rc) {
        snprintf(place, sizeof place, "%s.%.200s", option, path);
        bool has_place = !strpbrk(path, ".[");
        return fail(making, has_place ? place : option, has_place ? wrong : path, "'%.80s' of '%.80s' %s", wrong, path,
                    why);
    }
    return claim(making, option, path, path, is_number ? FX_UNSIGNED : FX_TEXT, &condition->field);
}

static int add_conditions(const struct making *making, const char *option, const struct fx_map *map,
                          struct prom_condition *conditions, unsigned *count)
{
    const struct fx_pair **pairs = sort_pairs(map);
    if (!pairs)
        return fx_error_set(making->err, FX_ENOMEM, "out of memory");
    int rc = 0;
    for (size_t i = 0, same; i < map->count && !rc; i += same) {
        same = same_keys(&pairs[i], map->count - i);
        if (*count == PROM_CONDITIONS_MAX)
            rc = fail(making, option, pairs[i]->key,
                      "more than %d fields; use several values of one field, or two metrics", PROM_CONDITIONS_MAX);
        else
            rc = add_condition(making, option, &conditions[(*count)++], &pairs[i], same);
    }
    free(pairs);
    return rc;
}

/* ---- what it is: type, factor, buckets; value and labels */

static int add_buckets(const struct making *making, struct prom_family *family)
{
    char why[PROM_HISTOGRAM_WHY_MAX];
    const char *wrong;
    int rc = prom_histogram_new(&row_of(making)->buckets, &family->factor, &family->histogram, why, &wrong);
    if (rc == FX_ENOMEM)
        return fx_error_set(making->err, FX_ENOMEM, "out of memory");
    if (rc)
        return fail(making, "buckets", wrong, "'%.40s' %s", wrong, why);
    family->shape.slots = PROM_SLOT_BUCKETS + family->histogram->count;
    return 0;
}

static int add_type(const struct making *making, struct prom_family *family)
{
    const struct prom_metric_options *row = row_of(making);
    family->type = (enum prom_type)row->type;
    family->shape = (struct prom_shape){.slots = 1};
    if (!prom_factor_init(&family->factor, row->factor))
        return fail(making, "factor", NULL, "the factor %g is not between %g and %g", row->factor, PROM_FACTOR_LEAST,
                    PROM_FACTOR_MOST);
    if (family->type == PROM_HISTOGRAM)
        return add_buckets(making, family);
    if (row->buckets.count)
        return fail(making, "buckets", NULL, "only a histogram has buckets; remove them, or write type: histogram");
    if (family->type == PROM_GAUGE) {
        family->shape = (struct prom_shape){.slots = PROM_SLOT_LAST + 1, .is_last = true};
        making->store->has_gauges = true;
    }
    return 0;
}

static int add_value(const struct making *making, struct prom_family *family)
{
    const struct prom_metric_options *row = row_of(making);
    family->value_path = row->value;
    family->scale_path = row->scale_by;
    family->counts_records = strcmp(row->value, "1") == 0;
    family->is_scaled = row->scale_by != NULL;
    if (family->counts_records && family->type != PROM_COUNTER)
        return fail(making, "value", NULL, "1 counts records, which only a counter does; write a field");
    if (!family->counts_records && row->value[strspn(row->value, "0123456789")] == '\0')
        return fail(making, "value", NULL, "'%.80s' is neither a field nor 1, which counts records", row->value);
    int rc = family->counts_records ? 0 : claim(making, "value", NULL, row->value, FX_UNSIGNED, &family->value);
    if (!rc && family->is_scaled)
        rc = claim(making, "scale_by", NULL, row->scale_by, FX_UNSIGNED, &family->scale);
    return rc;
}

static int add_label(const struct making *making, struct prom_family *family, const struct fx_pair *pair,
                     bool is_hidden)
{
    const char *fault = prom_label_name_fault(pair->key);
    if (fault)
        return fail(making, "labels", pair->key, "'%.80s' %s", pair->key, fault);
    if (family->expire.is_on && strcmp(pair->key, PROM_ENDED_LABEL) == 0)
        return fail(making, "labels", pair->key,
                    "'" PROM_ENDED_LABEL "' is the label of ended series, with expire_after and top; use another name");
    struct prom_label *label = &family->labels[family->label_count++];
    *label = (struct prom_label){
        .name = pair->key, .path = pair->value, .is_number = is_number_field(pair->value), .is_hidden = is_hidden};
    family->shown_count += !is_hidden;
    return claim(making, "labels", pair->key, pair->value, label->is_number ? FX_UNSIGNED : FX_TEXT, &label->field);
}

/* With as_info, which exists for the default metrics only, names are in a metric of their own. */
static bool is_hidden(const struct making *making, const struct fx_pair *pair)
{
    size_t size = strlen(pair->key);
    return making->store->options->as_info && size > 5 && strcmp(pair->key + size - 5, "_name") == 0;
}

/* In the order of the page, which is alphabetic. Hidden labels come last. */
static int add_labels(const struct making *making, struct prom_family *family)
{
    const struct fx_map *labels = &row_of(making)->labels;
    const struct fx_pair **pairs = sort_pairs(labels);
    if (!pairs)
        return fx_error_set(making->err, FX_ENOMEM, "out of memory");
    int rc = 0;
    for (int hidden = 0; hidden < 2; hidden++)
        for (size_t i = 0; i < labels->count && !rc; i++)
            if (is_hidden(making, pairs[i]) == (hidden != 0))
                rc = add_label(making, family, pairs[i], hidden != 0);
    free(pairs);
    return rc;
}

/* ---- a metric */

static int check_name(const struct making *making)
{
    char clash[PROM_CLASH_MAX];
    const struct prom_family *family = &making->store->families[making->index];
    enum fx_metric_kind kind = prom_family_kind(family);
    const char *name = family->name, *fault = prom_metric_name_fault(name, kind);
    if (fault)
        return fail(making, "name", NULL, "'%.80s' %s", name, fault);
    for (size_t i = 0; i < making->index; i++) {
        const struct prom_family *other = &making->store->families[i];
        if (strcmp(other->name, name) == 0)
            return fail(making, "name", NULL, "there are two metrics '%.80s'; give one of them another name", name);
        if (prom_metric_names_clash(name, kind, other->name, prom_family_kind(other), clash))
            return fail(making, "name", NULL,
                        "'%.80s' and '%.80s' would both have a '%.80s' on the page; give one of them another name",
                        name, other->name, clash);
    }
    return 0;
}

/* Rejects what cannot be combined with top. */
static int check_top(const struct making *making)
{
    const struct prom_metric_options *row = row_of(making);
    const struct prom_options *options = making->store->options;
    if (!row->top)
        return 0;
    if (row->type != PROM_COUNTER)
        return fail(making, "top", NULL, "only counters can have it; remove the key from a gauge or histogram");
    if (row->max_series)
        return fail(making, "max_series", NULL, "'top' is already the limit of this metric; remove one of the two");
    if (row->top > options->max_series)
        return fail(making, "top", NULL, "%lld series are more than max_series of the plugin, which is %lld",
                    (long long)row->top, (long long)options->max_series);
    if (options->late_names == PROM_LATE_RENAME)
        return fail(
            making, "top", NULL,
            "it can't be used with 'late_names: rename', where a series can need two places; remove one of the two");
    return 0;
}

static int init_top(struct prom_store *store, struct prom_family *family, const struct prom_metric_options *row)
{
    if (!row->top)
        return 0;
    family->top.limit = (uint32_t)row->top;
    family->top.half_life_ms = (double)row->top_half_life;
    prom_registry_ration(&family->registry, family->top.limit);
    prom_top_add_metrics(store, family);
    return prom_top_init(&family->top);
}

/* Allocates what a metric needs for its series. 0, or -1 without memory. */
static int init_series(struct prom_store *store, struct prom_family *family, uint32_t max_series)
{
    unsigned text_words = 0;
    const char *names[PROM_LABELS_MAX];
    for (unsigned i = 0; i < family->label_count; i++) {
        text_words |= family->labels[i].is_number ? 0 : 1U << i;
        names[i] = family->labels[i].name;
    }
    int rc = prom_registry_init(&family->registry, family->label_count, text_words, max_series, &store->texts);
    rc |= prom_lines_init(&family->lines, family, names, family->shown_count);
    return rc | prom_admit_init(&family->admit);
}

static int add_series(const struct making *making, struct prom_family *family)
{
    const struct prom_metric_options *row = row_of(making);
    int64_t own = row->max_series, max_series = own ? own : making->store->options->max_series;
    if (row->top)
        max_series = PROM_TOP_NUMBERS(row->top);
    int rc = init_series(making->store, family, (uint32_t)max_series);
    if (!rc && !(rc = init_top(making->store, family, row)))
        return 0;
    if (row->top)
        return fail(making, "top", NULL, "no memory for %lld series", (long long)row->top);
    if (!own)
        return fx_error_option(making->err, making->store->instance, "max_series", NULL, "no memory for %lld series",
                               (long long)max_series);
    return fail(making, "max_series", NULL, "no memory for %lld series", (long long)max_series);
}

static int make_family(const struct making *making)
{
    struct prom_family *family = &making->store->families[making->index];
    const struct prom_metric_options *row = row_of(making);
    family->name = row->name;
    family->help = row->help;
    family->expire.after_ms = row->expire_after ? row->expire_after : making->store->options->expire_after;
    family->expire.is_on = family->expire.after_ms || row->top;
    int rc = add_type(making, family);
    if (!rc)
        rc = check_name(making);
    if (!rc)
        rc = check_top(making);
    if (!rc)
        rc = add_conditions(making, "match", &row->match, family->match, &family->match_count);
    if (!rc)
        rc = add_conditions(making, "unless", &row->unless, family->unless, &family->unless_count);
    if (!rc)
        rc = add_value(making, family);
    if (!rc)
        rc = add_labels(making, family);
    return rc ? rc : add_series(making, family);
}

static int make_families(struct prom_store *store, const struct prom_metric_options *rows, size_t count,
                         struct fx_error *err)
{
    int rc = 0;
    store->families = calloc(count, sizeof *store->families);
    if (!store->families)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    store->family_count = (unsigned)count;
    for (size_t i = 0; i < count && !rc; i++)
        rc = make_family(&(struct making){.store = store, .rows = rows, .index = i, .err = err});
    return rc;
}

/* ---- the default metrics */

/* Traffic that leaves the own AS is transmitted. Traffic that arrives at it from elsewhere is received. */
static int make_of_own(struct prom_store *store, const struct fx_map *from_us, const struct fx_map *to_us,
                       struct fx_error *err)
{
    static const struct fx_pair labels[] = {{"source_as", "as_src"},
                                            {"source_as_name", "as_src_name"},
                                            {"destination_as", "as_dst"},
                                            {"destination_as_name", "as_dst_name"},
                                            {"hostname", "label"}};
    const struct fx_map label_map = {sizeof labels / sizeof *labels, labels};
    const struct prom_metric_options rows[] = {{.name = "flow_receive_bytes_total",
                                                .help = "Bytes received.",
                                                .value = "bytes",
                                                .factor = 1,
                                                .match = *to_us,
                                                .unless = *from_us,
                                                .labels = label_map},
                                               {.name = "flow_transmit_bytes_total",
                                                .help = "Bytes transferred.",
                                                .value = "bytes",
                                                .factor = 1,
                                                .match = *from_us,
                                                .labels = label_map}};
    return make_families(store, rows, sizeof rows / sizeof *rows, err);
}

static int read_own(const struct prom_store *store, const char *text, char number[12], struct fx_error *err)
{
    uint32_t value;
    struct fx_error why = FX_ERROR_INIT;
    if (fx_asn_read(text, &value, &why))
        return fx_error_option(err, store->instance, "asn", text, "%s", why.message);
    snprintf(number, 12, "%" PRIu32, value);
    return 0;
}

static int make_default_families(struct prom_store *store, struct fx_error *err)
{
    const struct fx_list *asn = &store->options->asn;
    char numbers[PROM_OWN_MAX][12];
    struct fx_pair from[PROM_OWN_MAX], to[PROM_OWN_MAX];
    if (!asn->count) {
        fx_error_option(err, store->instance, "asn", NULL,
                        "write your own AS number, such as 'asn: 15169', or what is to be counted, as 'metrics'");
        return err->code = FX_EUNSET;
    }
    for (size_t i = 0; i < asn->count; i++) {
        int rc = read_own(store, asn->items[i], numbers[i], err);
        if (rc)
            return rc;
        from[i] = (struct fx_pair){"as_src", numbers[i]};
        to[i] = (struct fx_pair){"as_dst", numbers[i]};
    }
    return make_of_own(store, &(struct fx_map){asn->count, from}, &(struct fx_map){asn->count, to}, err);
}

int prom_families_init(struct prom_store *store, struct fx_error *err)
{
    const struct prom_options *options = store->options;
    if (!options->metrics.count)
        return make_default_families(store, err);
    if (options->as_info)
        return fx_error_option(err, store->instance, "as_info", NULL,
                               "as_info is for the default metrics; remove it or 'metrics'. In 'metrics', leave out "
                               "the labels that you do not want");
    return make_families(store, options->metrics.items, options->metrics.count, err);
}

static void family_fini(struct prom_family *family)
{
    for (unsigned i = 0; i < family->match_count; i++)
        prom_condition_fini(&family->match[i]);
    for (unsigned i = 0; i < family->unless_count; i++)
        prom_condition_fini(&family->unless[i]);
    prom_registry_fini(&family->registry);
    prom_life_fini(&family->life);
    prom_admit_fini(&family->admit);
    prom_rename_fini(&family->rename);
    prom_expire_fini(&family->expire);
    prom_top_fini(&family->top);
    prom_lines_fini(&family->lines);
    free(family->histogram);
}

void prom_families_fini(struct prom_store *store)
{
    for (unsigned i = 0; i < store->family_count; i++)
        family_fini(&store->families[i]);
    free(store->families);
}

/* ---- what a metric is, as text */

static void define_field(const char *kind, const char *path, struct prom_buffer *to)
{
    prom_buffer_puts(to, kind);
    prom_define_text(to, path, strlen(path));
}

static void define_conditions(const char *kind, const struct prom_condition *conditions, unsigned count,
                              struct prom_buffer *to)
{
    for (unsigned i = 0; i < count; i++) {
        prom_buffer_puts(to, kind);
        prom_condition_define(&conditions[i], to);
    }
}

void prom_family_define(const struct prom_family *family, struct prom_buffer *to)
{
    static const char *const types[] = {"", "\ntype gauge", "\ntype histogram"}; /* enum prom_type */
    char factor[PROM_DOUBLE_MAX];
    prom_buffer_puts(to, family->name);
    prom_buffer_puts(to, types[family->type]);
    if (family->histogram)
        prom_histogram_define(family->histogram, to);
    prom_number_double(factor, family->factor.number);
    if (!prom_factor_is_one(&family->factor))
        define_field("\nfactor ", factor, to);
    define_field("\nvalue ", family->value_path, to);
    if (family->is_scaled)
        define_field("\nscale_by ", family->scale_path, to);
    define_conditions("\nmatch ", family->match, family->match_count, to);
    define_conditions("\nunless ", family->unless, family->unless_count, to);
    for (unsigned i = 0; i < family->label_count; i++) {
        prom_buffer_puts(to, PROM_DEFINITION_LABEL);
        prom_buffer_puts(to, family->labels[i].name);
        define_field(family->labels[i].is_number   ? "=number "
                     : family->labels[i].is_hidden ? "=hidden "
                                                   : "=text ",
                     family->labels[i].path, to);
    }
}
