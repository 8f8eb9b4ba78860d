/* Flows as text: the members that pmacct and goflow2 print, and faults that are put into them. One thread. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flows.h"

const char *const flows_fault_names[FLOWS_FAULT_COUNT] = {
    [FLOWS_TRUNCATED] = "truncated", [FLOWS_SYNTAX] = "syntax", [FLOWS_ENCODING] = "encoding",
    [FLOWS_TYPE] = "type",           [FLOWS_RANGE] = "range",   [FLOWS_NOT_OBJECT] = "not_object",
    [FLOWS_TRAILING] = "trailing",
};

static void text_reserve(struct flows_text *text, size_t more)
{
    if (text->capacity - text->size >= more)
        return;
    text->capacity = (text->size + more) * 2;
    text->data = realloc(text->data, text->capacity);
    if (!text->data)
        abort();
}

void flows_text_add(struct flows_text *text, const char *data, size_t size)
{
    text_reserve(text, size);
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

void flows_text_printf(struct flows_text *text, const char *format, ...)
{
    va_list args;
    text_reserve(text, 1024);
    va_start(args, format);
    int size = vsnprintf(text->data + text->size, text->capacity - text->size, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= text->capacity - text->size)
        abort();
    text->size += (size_t)size;
}

/* One name in 64, of mixed records one in 16, is spelled with escapes. It must not become another series. */
static const char *router_prefix(const struct flows_options *options, uint64_t random)
{
    return random % (options->mixed ? 16 : 64) == 1 ? "bord\\u0065r\\u002d" : "border-";
}

static void write_label(const struct flows_options *options, const struct flow *flow, struct flows_text *text)
{
    const char *prefix = router_prefix(options, flow->random);
    if (options->label_maps)
        flows_text_printf(text, "\"label\": {\"nkey\": \"%s%u.example.net\", \"pkey\": \"flows\"}", prefix,
                          flow->router + 1);
    else
        flows_text_printf(text, "\"label\": \"%s%u.example.net\"", prefix, flow->router + 1);
}

/* Blocks of members. Each follows a comma, except the first of a record. */
struct writing {
    const struct flows_options *options;
    const struct flow *flow;
    struct flows_text *text;
    unsigned bits; /* random numbers for members that nobody counts */
};

static void pmacct_label(const struct writing *writing)
{
    write_label(writing->options, writing->flow, writing->text);
}

static void pmacct_ases(const struct writing *writing)
{
    flows_text_printf(writing->text, "\"as_src\": %u, \"as_dst\": %u, \"peer_ip_src\": \"192.0.2.%u\"",
                      writing->flow->as_src, writing->flow->as_dst, writing->flow->router % 250 + 1);
    if (writing->flow->random % 64 == 2)
        flows_text_printf(writing->text, ", \"comms\": \"a \\\"quoted\\\" \\\\ \\ud83d\\ude00 text\"");
}

static void pmacct_addresses(const struct writing *writing)
{
    unsigned bits = writing->bits;
    flows_text_printf(writing->text, "\"ip_src\": \"198.51.%u.%u\", \"ip_dst\": \"203.0.%u.%u\"", bits & 255,
                      bits >> 8 & 255, bits >> 16 & 255, bits >> 24);
}

static void pmacct_ports(const struct writing *writing)
{
    flows_text_printf(writing->text, "\"port_src\": %u, \"port_dst\": 443, \"ip_proto\": \"%s\"",
                      1024 + (writing->bits & 0x7fff), writing->bits & 0x8000 ? "udp" : "tcp");
}

static void pmacct_counts(const struct writing *writing)
{
    flows_text_printf(writing->text,
                      "\"stamp_inserted\": \"2026-01-15 09:45:00\", \"stamp_updated\": \"2026-01-15 09:50:01\", "
                      "\"packets\": %llu, \"bytes\": %llu",
                      (unsigned long long)writing->flow->packets, (unsigned long long)writing->flow->bytes);
}

/* pmacct's map of members that the operator has defined. They have the names of other members, and must not count. */
static void pmacct_custom(const struct writing *writing)
{
    flows_text_printf(writing->text,
                      "\"custom_primitives\": {\"vrf\": {\"id\": %u, \"label\": \"none\"}, \"bytes\": \"%u\"}",
                      writing->bits & 63, writing->bits >> 16);
}

typedef void block_write(const struct writing *writing);
#define BLOCK_COUNT 5

/* pmacct's own order comes first, then the orders of other versions and of programs in between. */
static block_write *const orders[][BLOCK_COUNT] = {
    {pmacct_label, pmacct_ases, pmacct_addresses, pmacct_ports, pmacct_counts},
    {pmacct_addresses, pmacct_ports, pmacct_label, pmacct_ases, pmacct_counts},
    {pmacct_counts, pmacct_ases, pmacct_addresses, pmacct_ports, pmacct_label},
    {pmacct_ases, pmacct_label, pmacct_counts, pmacct_ports, pmacct_addresses},
};

/* Of mixed records one in eight has another order, and one in eight a nested map. Separate random bits decide these. */
static void write_pmacct(const struct flows_options *options, const struct flow *flow, struct flows_text *text)
{
    struct writing writing = {options, flow, text, (unsigned)(flow->random >> 32)};
    unsigned dice = options->mixed ? (unsigned)(flow->random >> 8) & 63 : 63;
    block_write *const *order = orders[dice < 8 ? 1 + dice % 3 : 0];
    flows_text_printf(text, "{\"event_type\": \"purge\"");
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        flows_text_printf(text, ", ");
        order[i](&writing);
    }
    if (dice >= 8 && dice < 16) {
        flows_text_printf(text, ", ");
        pmacct_custom(&writing);
    }
    flows_text_printf(text, "}");
}

static void write_goflow2(const struct flow *flow, struct flows_text *text)
{
    unsigned bits = (unsigned)(flow->random >> 32);
    flows_text_printf(text,
                      "{\"type\":\"NETFLOW_V9\",\"time_received_ns\":1768470300000000000,\"sequence_num\":%u,"
                      "\"sampling_rate\":0,\"sampler_address\":\"192.0.2.%u\"",
                      bits, flow->router % 250 + 1);
    flows_text_printf(text,
                      ",\"bytes\":%llu,\"packets\":%llu,\"src_addr\":\"198.51.%u.%u\",\"dst_addr\":\"203.0.%u.%u\"",
                      (unsigned long long)flow->bytes, (unsigned long long)flow->packets, bits & 255, bits >> 8 & 255,
                      bits >> 16 & 255, bits >> 24);
    flows_text_printf(text,
                      ",\"etype\":\"IPv4\",\"proto\":\"TCP\",\"src_as\":%u,\"dst_as\":%u,\"in_if\":%u,\"out_if\":2}",
                      flow->as_src, flow->as_dst, bits % 48);
}

void flows_write(const struct flows_options *options, const struct flow *flow, struct flows_text *text)
{
    if (options->format == FLOWS_GOFLOW2)
        write_goflow2(flow, text);
    else
        write_pmacct(options, flow, text);
}

void flows_write_markers(struct flows_text *text, uint64_t entries)
{
    flows_text_printf(text,
                      "{\"event_type\": \"purge_close\", \"writer_id\": \"default_kafka/4711\", "
                      "\"purged_entries\": %llu, \"total_entries\": %llu, \"duration\": 1}\n",
                      (unsigned long long)entries, (unsigned long long)entries);
    flows_text_printf(text, "{\"event_type\": \"purge_init\", \"writer_id\": \"default_kafka/4712\"}\n");
}

/* The last member comes again, with a value that a count of bytes can't have: the last one wins. */
static void spoil_bytes(struct flows_text *text, const char *value)
{
    text->size--;
    flows_text_printf(text, ", \"bytes\": %s}", value);
}

/* Puts a byte that UTF-8 can't have into the first text of the record. */
static void spoil_encoding(struct flows_text *text, size_t start)
{
    char *quote = memchr(text->data + start, ':', text->size - start);
    quote[strcspn(quote, "\"") + 1] = (char)0xff;
}

enum flows_fault flows_spoil(struct flows_text *text, size_t start, uint64_t random)
{
    enum flows_fault fault = (enum flows_fault)(random % FLOWS_FAULT_COUNT);
    switch (fault) {
    case FLOWS_TRUNCATED:
        text->size = start + 1 + (random >> 8) % (text->size - start - 1);
        break;
    case FLOWS_SYNTAX:
        text->size--;
        flows_text_printf(text, ", \"rtt\": NaN}");
        break;
    case FLOWS_ENCODING:
        spoil_encoding(text, start);
        break;
    case FLOWS_TYPE:
        spoil_bytes(text, random & 256 ? "\"many\"" : "[1]");
        break;
    case FLOWS_RANGE:
        spoil_bytes(text, random & 256 ? "-1" : "18446744073709551616");
        break;
    case FLOWS_NOT_OBJECT:
        text->size = start;
        flows_text_printf(text, random & 256 ? "[1, 2]" : "42");
        break;
    case FLOWS_TRAILING:
    case FLOWS_FAULT_COUNT:
        flows_text_printf(text, " {}");
        return FLOWS_TRAILING;
    }
    return fault;
}
