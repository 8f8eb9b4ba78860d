/* A test output in C++: at the stop it writes a file with the sum of a number and the texts of a field. */
#include <cstdio>
#include <mutex>
#include <new>
#include <string>

#include <flow-exporter/plugin.h>

namespace
{

struct Options {
    const char *file;
    const char *number;
    const char *text;
    int64_t most;
};

struct Output {
    fx_instance *instance;
    const Options *options;
    int number, text;
    std::mutex lock;
    uint64_t sum = 0;
    std::string texts;
};

enum metric { RECORDS, SECONDS, SIZES };

int create(fx_instance *instance, const void *options, void **self, fx_error *err)
{
    const Options *wanted = static_cast<const Options *>(options);
    if (*wanted->number == '?')
        return fx_error_option(err, instance, "number", nullptr, "'%s' is no name", wanted->number);
    const struct fx_claim sum = {
        .path = wanted->number, .type = FX_UNSIGNED, .mismatch = FX_MISMATCH_REJECT, .option = "number"};
    const struct fx_claim list = {.path = wanted->text, .type = FX_TEXT, .option = "text"};
    int number = fx_claim(instance, &sum, err);
    int text = number < 0 ? number : fx_claim(instance, &list, err);
    if (text < 0)
        return text;
    Output *output = new (std::nothrow) Output{.instance = instance,
                                               .options = wanted,
                                               .number = number,
                                               .text = text,
                                               .lock = {},
                                               .texts = {}};
    if (!output)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *self = output;
    return 0;
}

void destroy(void *self)
{
    delete static_cast<Output *>(self);
}

enum fx_verdict write(void *self, void *, const fx_batch *batch)
{
    Output *output = static_cast<Output *>(self);
    std::lock_guard<std::mutex> guard(output->lock);
    for (uint32_t i = 0; i < batch->rows; i++) {
        const fx_value *row = fx_batch_row(batch, i);
        output->sum += row[output->number].u;
        if (row[output->text].type == FX_TEXT)
            output->texts.append(row[output->text].text, row[output->text].size).append("\n");
    }
    fx_metric_add(output->instance, RECORDS, 0, batch->rows);
    fx_metric_observe(output->instance, SIZES, 0, batch->rows);
    return FX_OK;
}

void stop(void *self, int)
{
    const Output *output = static_cast<const Output *>(self);
    std::FILE *file = std::fopen(output->options->file, "we");
    if (!file) {
        fx_log(output->instance, FX_LOG_ERROR, "The file can't be written.", "file=%s", output->options->file);
        return;
    }
    std::fprintf(file, "%llu\n%s", static_cast<unsigned long long>(output->sum), output->texts.c_str());
    std::fclose(file);
}

const fx_option options[] = {
    {FX_OPTION(Options, file), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED | FX_OPTION_RELOADABLE,
     .help = "The file."},
    {FX_OPTION(Options, number), .type = FX_OPT_STRING, .fallback = "bytes", .help = "The field to add up."},
    {FX_OPTION(Options, text), .type = FX_OPT_STRING, .fallback = "name", .help = "The field to list."},
    {FX_OPTION(Options, most), .type = FX_OPT_SIZE, .fallback = "1KiB", .min = 1, .max = 4096, .unit = "bytes",
     .help = "A size that is not used."},
    {},
};

const double bounds[] = {1, 10, 100};
const fx_metric metrics[] = {
    {.name = "cxx_records_total", .kind = FX_COUNTER, .help = "Records that were added."},
    {.name = "cxx_seconds", .kind = FX_GAUGE | FX_NANOSECONDS, .help = "A gauge that stays 0."},
    {.name = "cxx_rows", .kind = FX_HISTOGRAM, .help = "Rows of a batch.", FX_BOUNDS(bounds)},
    {},
};

} // namespace

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,
    .name = "output-cxx",
    .version = "1",
    .summary = "Adds up a number and lists a text.",
    .options = options,
    .options_size = sizeof(Options),
    .metrics = metrics,
    .create = create,
    .destroy = destroy,
    .stop = stop,
    .write = write,
};
