/* Adds up one field of all records, and logs the sum when the program stops. */
#include <stdatomic.h>
#include <stdlib.h>

#include <flow-exporter/plugin.h>

struct sum_options {
    const char *field;
};

struct sum {
    struct fx_instance *instance;
    int field;
    atomic_ullong total; /* several workers may be inside write */
};

static int sum_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct sum_options *sum_options = options;
    const struct fx_claim claim = {
        .path = sum_options->field, .type = FX_UNSIGNED, .mismatch = FX_MISMATCH_REJECT, .option = "field"};
    int field = fx_claim(instance, &claim, err);
    struct sum *sum = field < 0 ? NULL : calloc(1, sizeof *sum);
    if (!sum)
        return field < 0 ? field : fx_error_set(err, FX_ENOMEM, "no memory");
    sum->instance = instance;
    sum->field = field;
    *self = sum;
    return 0;
}

static enum fx_verdict sum_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct sum *sum = self;
    (void)worker;
    for (uint32_t i = 0; i < batch->rows; i++)
        sum->total += fx_batch_row(batch, i)[sum->field].u; /* an absent value is 0 */
    return FX_OK;
}

static void sum_stop(void *self, int timeout_ms)
{
    struct sum *sum = self;
    (void)timeout_ms;
    fx_log(sum->instance, FX_LOG_INFO, "This is the sum.", "sum=%llu", sum->total);
}

static const struct fx_option options[] = {
    {FX_OPTION(struct sum_options, field), .type = FX_OPT_STRING, .fallback = "bytes", .help = "The field to add up."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,     .name = "output-sum",
    .version = "1",       .summary = "Adds up one field of all records.",
    .options = options,   .options_size = sizeof(struct sum_options),
    .create = sum_create, .destroy = free,
    .stop = sum_stop,     .write = sum_write,
};
