/*
 * simdjson On-Demand as its documentation advises. The fields are asked for in the order in which they usually come.
 * One parser reads the records from one padded buffer. Compiled for the processor of this machine: On-Demand does not
 * choose at run time.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <simdjson.h>

#include "decode_ways.h"

using namespace simdjson;

[[noreturn]] static void die(error_code error)
{
    std::fprintf(stderr, "simdjson: %s\n", error_message(error));
    std::exit(1);
}

/* Also finds members in another place than last time. */
template <typename Document>
static void take(Document &document, const decode_names *names, decode_sums *sums)
{
    ondemand::object object;
    if (auto error = document.get_object().get(object))
        die(error);
    std::string_view text;
    if (auto error = object.find_field_unordered(names->text).get_string().get(text))
        die(error);
    for (int i = 0; i < DECODE_NUMBERS; i++) {
        uint64_t number;
        if (auto error = object.find_field_unordered(names->numbers[i]).get_uint64().get(number))
            die(error);
        sums->numbers[i] += number;
    }
    decode_add_text(sums, text.data(), text.size());
    sums->records++;
}

decode_sums decode_simdjson(const decode_payload *payload, const decode_names *names)
{
    decode_sums sums{};
    ondemand::parser parser;
    const char *at = payload->data, *end = at + payload->size;
    while (at < end) {
        auto newline = static_cast<const char *>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
        size_t size = static_cast<size_t>(newline - at);
        ondemand::document document;
        padded_string_view view(at, size, size + DECODE_PADDING);
        if (auto error = parser.iterate(view).get(document))
            die(error);
        take(document, names, &sums);
        at = newline + 1;
    }
    return sums;
}

decode_sums decode_simdjson_many(const decode_payload *payload, const decode_names *names)
{
    decode_sums sums{};
    ondemand::parser parser;
    ondemand::document_stream stream;
    if (auto error = parser.iterate_many(payload->data, payload->size, ondemand::DEFAULT_BATCH_SIZE).get(stream))
        die(error);
    for (auto document : stream) {
        ondemand::document_reference reference;
        if (auto error = std::move(document).get(reference))
            die(error);
        take(reference, names, &sums);
    }
    return sums;
}

const char *decode_simdjson_name()
{
    return SIMDJSON_STRINGIFY(SIMDJSON_BUILTIN_IMPLEMENTATION);
}
