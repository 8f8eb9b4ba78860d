/* The metrics and the fields that they need. Main thread, in create; takes: workers. */
#include "prom.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FAMILIES 2

enum field { AS_SRC, AS_DST, BYTES, LABEL, AS_SRC_NAME, AS_DST_NAME, FIELDS };

static const struct {
    const char *path;
    enum fx_type type;
} wanted[FIELDS] = {[AS_SRC] = {"as_src", FX_UNSIGNED},       [AS_DST] = {"as_dst", FX_UNSIGNED},
                    [BYTES] = {"bytes", FX_UNSIGNED},         [LABEL] = {"label", FX_TEXT},
                    [AS_SRC_NAME] = {"as_src_name", FX_TEXT}, [AS_DST_NAME] = {"as_dst_name", FX_TEXT}};

static int claim_fields(struct prom_output *output, unsigned fields[FIELDS], struct fx_error *err)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        int number = fx_claim_read(output->instance, wanted[i].path, wanted[i].type, err);
        if (number < 0)
            return number;
        fields[i] = (unsigned)number;
    }
    return 0;
}

static void add_label(struct prom_family *family, const char *name, const unsigned fields[FIELDS], enum field field,
                      bool is_hidden)
{
    family->labels[family->label_count++] = (struct prom_label){.name = name,
                                                                .path = wanted[field].path,
                                                                .field = fields[field],
                                                                .is_number = wanted[field].type != FX_TEXT,
                                                                .is_hidden = is_hidden};
    family->shown_count += !is_hidden;
}

/* In the order of the page, which is the alphabet's. With as_info the names are in a metric of their own. */
static void add_labels(struct prom_family *family, const unsigned fields[FIELDS], bool as_info)
{
    add_label(family, "destination_as", fields, AS_DST, false);
    if (!as_info)
        add_label(family, "destination_as_name", fields, AS_DST_NAME, false);
    add_label(family, "hostname", fields, LABEL, false);
    add_label(family, "source_as", fields, AS_SRC, false);
    if (!as_info)
        add_label(family, "source_as_name", fields, AS_SRC_NAME, false);
    if (as_info) {
        add_label(family, "destination_as_name", fields, AS_DST_NAME, true);
        add_label(family, "source_as_name", fields, AS_SRC_NAME, true);
    }
}

static struct prom_condition equals(const unsigned fields[FIELDS], enum field field, int64_t number)
{
    return (struct prom_condition){.path = wanted[field].path, .field = fields[field], .number = (uint64_t)number};
}

/* What leaves the own AS is transmitted; what arrives at it, from elsewhere, is received. */
static void describe_families(struct prom_output *output, const unsigned fields[FIELDS])
{
    struct prom_condition from_us = equals(fields, AS_SRC, output->options->asn);
    struct prom_condition to_us = equals(fields, AS_DST, output->options->asn);
    output->families[0] = (struct prom_family){.name = "flow_receive_bytes_total",
                                               .help = "Bytes received.",
                                               .value_path = wanted[BYTES].path,
                                               .value = fields[BYTES],
                                               .match_count = 1,
                                               .match = {to_us},
                                               .unless_count = 1,
                                               .unless = {from_us}};
    output->families[1] = (struct prom_family){.name = "flow_transmit_bytes_total",
                                               .help = "Bytes transferred.",
                                               .value_path = wanted[BYTES].path,
                                               .value = fields[BYTES],
                                               .match_count = 1,
                                               .match = {from_us}};
    for (unsigned i = 0; i < output->family_count; i++)
        add_labels(&output->families[i], fields, output->options->as_info);
}

/* What is in memory for a family's series. 0, or -1 without memory. */
static int init_series(struct prom_output *output, struct prom_family *family)
{
    unsigned text_words = 0;
    const char *names[PROM_LABELS_MAX];
    for (unsigned i = 0; i < family->label_count; i++) {
        text_words |= family->labels[i].is_number ? 0 : 1U << i;
        names[i] = family->labels[i].name;
    }
    int rc = prom_registry_init(&family->registry, family->label_count, text_words,
                                (uint32_t)output->options->max_series, &output->texts);
    rc |= prom_line_init(&family->line, family->name, names, family->shown_count);
    return rc | prom_admit_init(&family->admit);
}

int prom_families_init(struct prom_output *output, struct fx_error *err)
{
    unsigned fields[FIELDS];
    int rc = claim_fields(output, fields, err);
    if (rc)
        return rc;
    output->families = calloc(FAMILIES, sizeof *output->families);
    if (!output->families)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    output->family_count = FAMILIES;
    describe_families(output, fields);
    for (unsigned i = 0; i < output->family_count; i++)
        if (init_series(output, &output->families[i]))
            rc = fx_error_option(err, output->instance, "max_series", NULL, "no memory for %lld series",
                                 (long long)output->options->max_series);
    return rc;
}

void prom_families_fini(struct prom_output *output)
{
    for (unsigned i = 0; i < output->family_count; i++) {
        prom_registry_fini(&output->families[i].registry);
        prom_admit_fini(&output->families[i].admit);
        prom_line_fini(&output->families[i].line);
    }
    free(output->families);
}

static void define_conditions(const char *kind, const struct prom_condition *conditions, unsigned count,
                              struct prom_buffer *to)
{
    char number[24];
    for (unsigned i = 0; i < count; i++) {
        snprintf(number, sizeof number, "=%" PRIu64, conditions[i].number);
        prom_buffer_puts(to, kind);
        prom_buffer_puts(to, conditions[i].path);
        prom_buffer_puts(to, number);
    }
}

void prom_family_define(const struct prom_family *family, struct prom_buffer *to)
{
    prom_buffer_puts(to, family->name);
    prom_buffer_puts(to, "\nvalue ");
    prom_buffer_puts(to, family->value_path);
    define_conditions("\nmatch ", family->match, family->match_count, to);
    define_conditions("\nunless ", family->unless, family->unless_count, to);
    for (unsigned i = 0; i < family->label_count; i++) {
        prom_buffer_puts(to, PROM_DEFINITION_LABEL);
        prom_buffer_puts(to, family->labels[i].name);
        prom_buffer_puts(to, family->labels[i].is_number   ? "=number "
                             : family->labels[i].is_hidden ? "=hidden "
                                                           : "=text ");
        prom_buffer_puts(to, family->labels[i].path);
    }
}
