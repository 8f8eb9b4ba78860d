/* A test input in C++: it pushes the lines of an option, one a poll. */
#include <cstring>
#include <new>

#include <flow-exporter/plugin.h>

namespace
{

struct Options {
    fx_list lines;
};

struct Input {
    const Options *options;
    fx_stream *stream;
    int64_t next;
};

int create(fx_instance *, const void *options, void **self, fx_error *err)
{
    Input *input = new (std::nothrow) Input{static_cast<const Options *>(options), nullptr, 0};
    if (!input)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *self = input;
    return 0;
}

void destroy(void *self)
{
    delete static_cast<Input *>(self);
}

enum fx_verdict poll(void *self, void *, fx_feed *feed, int)
{
    Input *input = static_cast<Input *>(self);
    const fx_list &lines = input->options->lines;
    if (!input->stream)
        input->stream = fx_stream_begin(feed, "lines", -1, 0);
    if (!input->stream || input->next == static_cast<int64_t>(lines.count))
        return input->stream ? FX_END : FX_FATAL;
    const char *line = lines.items[input->next++];
    fx_payload payload = {
        .data = line, .size = std::strlen(line), .offset = input->next - 1, .next = input->next};
    return fx_feed_push(feed, input->stream, &payload);
}

const fx_option options[] = {
    {FX_OPTION(Options, lines), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .help = "The records."},
    {},
};

} // namespace

FX_PLUGIN = {
    FX_PLUGIN_INPUT,
    .name = "input-cxx",
    .version = "1",
    .summary = "Pushes lines of its configuration.",
    .options = options,
    .options_size = sizeof(Options),
    .max_workers = 1,
    .create = create,
    .destroy = destroy,
    .poll = poll,
};
