/* The metrics and the fields that they need. Main thread, in create. */
#include <string.h>

#include "prom.h"

static int claim(struct prom_output *output, const char *path, enum fx_type type, unsigned *field, struct fx_error *err)
{
    int number = fx_claim_read(output->instance, path, type, err);
    *field = number < 0 ? 0 : (unsigned)number;
    return number < 0 ? number : 0;
}

int prom_claim_fields(struct prom_output *output, struct fx_error *err)
{
    struct prom_fields *fields = &output->fields;
    int rc = claim(output, "as_src", FX_UNSIGNED, &fields->as_src, err);
    if (!rc)
        rc = claim(output, "as_dst", FX_UNSIGNED, &fields->as_dst, err);
    if (!rc)
        rc = claim(output, "bytes", FX_UNSIGNED, &fields->bytes, err);
    if (!rc)
        rc = claim(output, "label", FX_TEXT, &fields->label, err);
    if (!rc)
        rc = claim(output, "as_src_name", FX_TEXT, &fields->as_src_name, err);
    if (!rc)
        rc = claim(output, "as_dst_name", FX_TEXT, &fields->as_dst_name, err);
    return rc;
}

/* What leaves our AS is transmitted, else what arrives at it is received; labels in the order of the page. */
void prom_make_families(struct prom_output *output)
{
    const struct prom_fields *fields = &output->fields;
    const struct prom_label labels[PROM_LABELS] = {{"destination_as", fields->as_dst, true},
                                                   {"destination_as_name", fields->as_dst_name, false},
                                                   {"hostname", fields->label, false},
                                                   {"source_as", fields->as_src, true},
                                                   {"source_as_name", fields->as_src_name, false}};
    output->families[0] = (struct prom_family){.name = "flow_receive_bytes_total",
                                               .help = "Bytes received.",
                                               .value = fields->bytes,
                                               .match = fields->as_dst,
                                               .unless = fields->as_src,
                                               .has_unless = true};
    output->families[1] = (struct prom_family){.name = "flow_transmit_bytes_total",
                                               .help = "Bytes transferred.",
                                               .value = fields->bytes,
                                               .match = fields->as_src};
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        output->families[i].number = (uint64_t)output->options->asn;
        memcpy(output->families[i].labels, labels, sizeof labels);
    }
}
