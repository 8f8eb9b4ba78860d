/* A test resolver in C++: it writes the text of one field, with a mark behind it, to another. */
#include <cstring>
#include <new>

#include <flow-exporter/plugin.h>

namespace
{

struct Options {
    const char *from;
    const char *to;
};

struct Resolver {
    int from, to;
};

int create(fx_instance *instance, const void *options, void **self, fx_error *err)
{
    const Options *wanted = static_cast<const Options *>(options);
    const struct fx_claim read = {.path = wanted->from, .type = FX_TEXT, .option = "from"};
    const struct fx_claim write = {
        .path = wanted->to, .access = FX_CLAIM_WRITE, .type = FX_TEXT, .option = "to"};
    int from = fx_claim(instance, &read, err);
    int to = from < 0 ? from : fx_claim(instance, &write, err);
    if (to < 0)
        return to;
    Resolver *resolver = new (std::nothrow) Resolver{from, to};
    if (!resolver)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *self = resolver;
    return 0;
}

void destroy(void *self)
{
    delete static_cast<Resolver *>(self);
}

fx_value mark(fx_batch *batch, const fx_value &from)
{
    char *text = from.type == FX_TEXT ? fx_batch_alloc(batch, from.size + 1u) : nullptr;
    if (!text)
        return {};
    std::memcpy(text, from.text, from.size);
    text[from.size] = '!';
    return {.text = text, .size = from.size + 1, .type = FX_TEXT};
}

enum fx_verdict enrich(void *self, void *, fx_batch *batch)
{
    const Resolver *resolver = static_cast<const Resolver *>(self);
    for (uint32_t i = 0; i < batch->rows; i++) {
        fx_value *row = fx_batch_row(batch, i);
        row[resolver->to] = mark(batch, row[resolver->from]);
    }
    return FX_OK;
}

const fx_option options[] = {
    {FX_OPTION(Options, from), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED, .help = "The field to read."},
    {FX_OPTION(Options, to), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED, .help = "The field to write."},
    {},
};

} // namespace

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,
    .name = "resolver-cxx",
    .version = "1",
    .summary = "Marks a text.",
    .options = options,
    .options_size = sizeof(Options),
    .create = create,
    .destroy = destroy,
    .enrich = enrich,
};
