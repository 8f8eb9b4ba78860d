/* Field mapping: presets, the user's own places, other places of a field, both directions, scaling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <flow-exporter/word.h>

#include "pipeline/mapping.h"
#include "plugin/instance.h"

#define WIDTH_MAX 64

/* as_src, as_dst and bytes are numbers, label and bytes are texts; one field is computed. */
static void make_schema(struct fxi_schema *schema)
{
    struct fx_error err = FX_ERROR_INIT;
    *schema = (struct fxi_schema){0};
    assert_int_equal(fxi_schema_read(schema, "as_src", FX_UNSIGNED, &err), 0);
    assert_int_equal(fxi_schema_read(schema, "as_dst", FX_UNSIGNED, &err), 1);
    assert_int_equal(fxi_schema_read(schema, "bytes", FX_UNSIGNED, &err), 2);
    assert_int_equal(fxi_schema_read(schema, "label", FX_TEXT, &err), 3);
    assert_int_equal(fxi_schema_read(schema, "packets", FX_DOUBLE, &err), 4);
    static const struct fx_plugin resolver = {.kind = FX_KIND_RESOLVER};
    static const struct fx_instance writer = {.name = "writer", .plugin = &resolver};
    const struct fx_claim claim = {.path = "as_src_name", .access = FX_CLAIM_WRITE, .type = FX_TEXT};
    assert_int_equal(fxi_schema_claim(schema, &claim, &writer, &err), 5);
}

struct run {
    struct fxi_schema schema;
    struct fxi_mapping mapping;
    struct fxi_decoder *decoder;
    struct fxi_arena arena;
    struct fx_value rows[2 * WIDTH_MAX];
    unsigned row_count;
    enum fxi_decode decode;
};

static void begin_with(struct run *run, const struct fxi_input_options *options, const struct fxi_field *more,
                       size_t more_count)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_plugin_entry entry = {.kind = FX_KIND_INPUT, .input = *options};
    struct fx_instance input = {.entry = &entry, .name = "in", .file = "f"};
    make_schema(&run->schema);
    for (size_t i = 0; i < more_count; i++)
        assert_int_equal(fxi_schema_read(&run->schema, more[i].path, more[i].type, &err), (int)(6 + i));
    assert_int_equal(fxi_mapping_claim(&run->schema, &input, &err), 0);
    assert_int_equal(fxi_mapping_make(&run->mapping, &run->schema, &input, &err), 0);
    assert_true(run->mapping.count <= WIDTH_MAX);
    run->decoder = fxi_decoder_new(run->mapping.fields, run->mapping.count, 16, &err);
    assert_non_null(run->decoder);
    fxi_arena_init(&run->arena, 1 << 20);
}

static void begin(struct run *run, const struct fxi_input_options *options)
{
    begin_with(run, options, NULL, 0);
}

static void end(struct run *run)
{
    fxi_decoder_free(run->decoder);
    fxi_mapping_fini(&run->mapping);
    fxi_schema_fini(&run->schema);
    fxi_arena_fini(&run->arena);
}

static void decode(struct run *run, const char *text)
{
    const char *at = text;
    run->decode = fxi_decoder_next(run->decoder, &at, text + strlen(text), run->rows, &run->arena, NULL);
    assert_int_equal(run->decode, FXI_DECODE_RECORD);
    run->row_count = run->mapping.finishes ? fxi_mapping_finish(&run->mapping, run->rows, &run->decode) : 1;
}

static const struct fx_value *value(const struct run *run, unsigned row, unsigned field)
{
    return &run->rows[row * run->mapping.count + field];
}

static void expect(const struct run *run, unsigned row, uint64_t as_src, uint64_t as_dst, uint64_t bytes,
                   const char *label)
{
    assert_true(value(run, row, 0)->u == as_src && value(run, row, 1)->u == as_dst);
    assert_true(value(run, row, 2)->u == bytes);
    assert_int_equal(value(run, row, 3)->type, label ? FX_TEXT : FX_NULL);
    if (label)
        assert_memory_equal(value(run, row, 3)->text, label, strlen(label));
    assert_int_equal(value(run, row, 5)->type, FX_NULL);
}

static void test_pmacct_is_left_alone(void **state)
{
    (void)state;
    struct run run;
    begin(&run, &(struct fxi_input_options){0});
    assert_false(run.mapping.finishes);
    assert_int_equal(run.mapping.count, run.schema.count);
    for (size_t i = 0; i < run.schema.count; i++)
        assert_string_equal(run.mapping.fields[i].path, run.schema.fields[i].path);
    end(&run);
}

static void test_presets(void **state)
{
    (void)state;
    static const struct {
        enum fxi_preset preset;
        const char *text;
    } cases[] = {
        {FXI_PRESET_GOFLOW2, "{\"src_as\":1,\"dst_as\":2,\"bytes\":3,\"packets\":4,\"sampler_address\":\"r\"}"},
        {FXI_PRESET_GOFLOW, "{\"SrcAS\":1,\"DstAS\":2,\"Bytes\":3,\"Packets\":4,\"SamplerAddress\":\"r\"}"},
        {FXI_PRESET_NPROBE, "{\"SRC_AS\":1,\"DST_AS\":2,\"IN_BYTES\":3,\"IN_PKTS\":4,\"EXPORTER_IPV4_ADDRESS\":\"r\"}"},
        {FXI_PRESET_NPROBE, "{\"16\":1,\"17\":2,\"1\":3,\"2\":4,\"130\":\"r\"}"},
        {FXI_PRESET_NPROBE, "{\"16\":9,\"SRC_AS\":1,\"17\":2,\"1\":3,\"2\":4,\"EXPORTER_IPV6_ADDRESS\":\"r\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        begin(&run, &(struct fxi_input_options){.preset = (int)cases[i].preset});
        decode(&run, cases[i].text);
        assert_int_equal(run.row_count, 1);
        expect(&run, 0, 1, 2, 3, "r");
        assert_true(value(&run, 0, 4)->d == 4);
        end(&run);
    }
}

static void test_fields_of_the_user(void **state)
{
    (void)state;
    static const struct fx_pair pairs[] = {{"as_src", "a.b"}, {"label", "router\\.name"}};
    struct run run;
    begin(&run, &(struct fxi_input_options){.preset = FXI_PRESET_GOFLOW2, .fields = {2, pairs}});
    decode(&run, "{\"a\":{\"b\":1},\"src_as\":9,\"dst_as\":2,\"bytes\":3,\"router.name\":\"r\"}");
    expect(&run, 0, 1, 2, 3, "r");
    end(&run);
}

static void test_both_ways(void **state)
{
    (void)state;
    struct run run;
    begin(&run, &(struct fxi_input_options){.preset = FXI_PRESET_NPROBE});
    decode(&run, "{\"SRC_AS\":1,\"DST_AS\":2,\"IN_BYTES\":3,\"OUT_BYTES\":5,\"IN_PKTS\":7,\"OUT_PKTS\":8}");
    assert_int_equal(run.row_count, 2);
    expect(&run, 0, 1, 2, 3, NULL);
    expect(&run, 1, 2, 1, 5, NULL);
    assert_true(value(&run, 0, 4)->d == 7 && value(&run, 1, 4)->d == 8);
    decode(&run, "{\"16\":1,\"17\":2,\"1\":3,\"23\":5}");
    assert_int_equal(run.row_count, 2);
    expect(&run, 1, 2, 1, 5, NULL);
    decode(&run, "{\"SRC_AS\":1,\"DST_AS\":2,\"IN_BYTES\":3,\"OUT_BYTES\":0}");
    assert_int_equal(run.row_count, 1);
    end(&run);

    static const struct fx_pair own[] = {{"bytes", "TOTAL"}};
    begin(&run, &(struct fxi_input_options){.preset = FXI_PRESET_NPROBE, .fields = {1, own}});
    decode(&run, "{\"SRC_AS\":1,\"DST_AS\":2,\"TOTAL\":8,\"OUT_BYTES\":5}");
    assert_int_equal(run.row_count, 1);
    expect(&run, 0, 1, 2, 8, NULL);
    end(&run);
}

static void test_scaling(void **state)
{
    (void)state;
    struct run run;
    begin(&run, &(struct fxi_input_options){.preset = FXI_PRESET_NPROBE, .scale_by = "sampling_rate"});
    decode(&run, "{\"SRC_AS\":1,\"IN_BYTES\":3,\"OUT_BYTES\":5,\"IN_PKTS\":7,\"SAMPLING_INTERVAL\":100}");
    expect(&run, 0, 1, 0, 300, NULL);
    expect(&run, 1, 0, 1, 500, NULL);
    assert_true(value(&run, 0, 4)->d == 700);
    decode(&run, "{\"SRC_AS\":1,\"IN_BYTES\":3,\"34\":0}");
    expect(&run, 0, 1, 0, 3, NULL);
    decode(&run, "{\"SRC_AS\":1,\"IN_BYTES\":3,\"34\":null}");
    expect(&run, 0, 1, 0, 3, NULL);
    decode(&run, "{\"SRC_AS\":1,\"IN_BYTES\":9223372036854775808,\"34\":\"1\"}");
    expect(&run, 0, 1, 0, UINT64_C(9223372036854775808), NULL);
    decode(&run, "{\"SRC_AS\":1,\"IN_BYTES\":9223372036854775808,\"34\":2}");
    assert_int_equal(run.row_count, 0);
    assert_int_equal(run.decode, FXI_DECODE_RANGE);
    end(&run);
}

static void test_places_and_reverse_of_the_user(void **state)
{
    (void)state;
    static const struct fx_pair fields[] = {{"label", "name"}, {"label", "router"}, {"as_src", "a"}, {"as_src", "b"}};
    static const struct fx_pair reverse[] = {{"bytes", "rev"}, {"bytes", "back.-1"}};
    struct run run;
    begin(&run, &(struct fxi_input_options){.fields = {4, fields}, .reverse = {2, reverse}});
    decode(&run, "{\"a\":\"\",\"b\":1,\"as_dst\":2,\"bytes\":3,\"name\":\"\",\"router\":\"r\",\"back\":[9,5]}");
    assert_int_equal(run.row_count, 2);
    expect(&run, 0, 1, 2, 3, "r");
    expect(&run, 1, 2, 1, 5, "r");
    end(&run);
}

static const struct fxi_field words[] = {{.path = "tcp_flags", .type = FX_TEXT}, {.path = "ip_proto", .type = FX_TEXT}};
static const struct fxi_field numbers[] = {{.path = "tcp_flags", .type = FX_UNSIGNED}};
static const struct fx_pair words_back[] = {
    {"bytes", "rev"}, {"tcp_flags", "rev_flags"}, {"tcp_flags", "other_flags"}, {"ip_proto", "rev_proto"}};

static void test_texts_of_zeros_are_no_way_back(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned rows;
    } cases[] = {{"{\"bytes\":3,\"rev\":0,\"rev_flags\":\"0\"}", 1},
                 {"{\"bytes\":3,\"rev\":0,\"rev_flags\":\"00\",\"rev_proto\":0}", 1},
                 {"{\"bytes\":3,\"rev_flags\":\"\",\"other_flags\":\"\"}", 1},
                 {"{\"bytes\":3,\"rev\":0,\"rev_flags\":\"........\"}", 1},
                 {"{\"bytes\":3,\"rev\":0,\"rev_flags\":\"0x10\"}", 2},
                 {"{\"bytes\":3,\"rev\":0,\"rev_proto\":6}", 2},
                 {"{\"bytes\":3,\"rev\":5,\"rev_flags\":\"0\"}", 2}};
    struct run run;
    begin_with(&run, &(struct fxi_input_options){.reverse = {4, words_back}}, words, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        decode(&run, cases[i].text);
        assert_int_equal(run.row_count, cases[i].rows);
    }
    end(&run);
}

static void expect_text(const struct fx_value *value, const char *text)
{
    assert_int_equal(value->type, FX_TEXT);
    assert_int_equal(value->size, strlen(text));
    assert_memory_equal(value->text, text, strlen(text));
}

static void test_one_spelling_both_ways(void **state)
{
    (void)state;
    struct run run;
    begin_with(&run, &(struct fxi_input_options){.reverse = {4, words_back}}, words, 2);
    decode(&run, "{\"bytes\":3,\"rev\":5,\"tcp_flags\":18,\"rev_flags\":18,\"ip_proto\":6,\"rev_proto\":\"17\"}");
    assert_int_equal(run.row_count, 2);
    for (unsigned row = 0; row < 2; row++) {
        expect_text(value(&run, row, 6), "SYN,ACK");
        expect_text(value(&run, row, 7), row ? "udp" : "tcp");
    }
    decode(&run, "{\"bytes\":3,\"rev\":5,\"other_flags\":\"...A....\"}");
    expect_text(value(&run, 1, 6), "ACK");
    end(&run);

    begin_with(&run, &(struct fxi_input_options){.reverse = {3, words_back}}, numbers, 1);
    decode(&run, "{\"bytes\":3,\"rev\":5,\"tcp_flags\":\"SYN\",\"other_flags\":\"SYN,ACK\"}");
    assert_int_equal(run.row_count, 2);
    assert_true(value(&run, 0, 6)->type == FX_UNSIGNED && value(&run, 0, 6)->u == 2);
    assert_true(value(&run, 1, 6)->type == FX_UNSIGNED && value(&run, 1, 6)->u == 18);
    end(&run);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        enum fx_word word;
        const char *text;
        uint64_t number;
        const char *name; /* NULL: the text has no meaning */
    } cases[] = {{FX_WORD_PROTOCOL, "6", 6, "tcp"},
                 {FX_WORD_PROTOCOL, "TCP", 6, "tcp"},
                 {FX_WORD_PROTOCOL, "icmp6", 58, "ipv6-icmp"},
                 {FX_WORD_PROTOCOL, "sctp", 132, "sctp"},
                 {FX_WORD_PROTOCOL, "GRE", 47, "gre"},
                 {FX_WORD_PROTOCOL, "ospf", 89, "ospfigp"},
                 {FX_WORD_PROTOCOL, "mobile", 55, "min-ipv4"},
                 {FX_WORD_PROTOCOL, "rspf", 73, "cphb"},
                 {FX_WORD_PROTOCOL, "mobility-header", 135, "mobility"},
                 {FX_WORD_PROTOCOL, "vrrp", 112, "vrrp"},
                 {FX_WORD_PROTOCOL, "l2tp", 115, "l2tp"},
                 {FX_WORD_PROTOCOL, "ethernet", 143, "ethernet"},
                 {FX_WORD_PROTOCOL, "0x11", 17, "udp"},
                 {FX_WORD_PROTOCOL, "256", 0, NULL},
                 {FX_WORD_PROTOCOL, "tc", 0, NULL},
                 {FX_WORD_PROTOCOL, "", 0, NULL},
                 {FX_WORD_ETYPE, "800", 0x800, "ipv4"},
                 {FX_WORD_ETYPE, "2048", 0x800, "ipv4"},
                 {FX_WORD_ETYPE, "0x0800", 0x800, "ipv4"},
                 {FX_WORD_ETYPE, "IPv6", 0x86dd, "ipv6"},
                 {FX_WORD_ETYPE, "86dd", 0x86dd, "ipv6"},
                 {FX_WORD_ETYPE, "34525", 0x86dd, "ipv6"},
                 {FX_WORD_ETYPE, "8847", 0x8847, "mpls"},
                 {FX_WORD_ETYPE, "65537", 0, NULL},
                 {FX_WORD_TCP_FLAGS, "18", 18, "SYN,ACK"},
                 {FX_WORD_TCP_FLAGS, "0x12", 18, "SYN,ACK"},
                 {FX_WORD_TCP_FLAGS, "...AP...", 24, "PSH,ACK"},
                 {FX_WORD_TCP_FLAGS, "ack|SYN", 18, "SYN,ACK"},
                 {FX_WORD_TCP_FLAGS, "SYN", 2, "SYN"},
                 {FX_WORD_TCP_FLAGS, "x", 0, NULL},
                 {FX_WORD_NONE, "6", 0, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[FX_WORD_MAX];
        uint64_t number = 0;
        int known = fx_word_number(cases[i].word, cases[i].text, strlen(cases[i].text), &number);
        assert_int_equal(known, cases[i].name != NULL);
        if (!known)
            continue;
        assert_int_equal(number, cases[i].number);
        size_t size = fx_word_name(cases[i].word, number, name);
        assert_int_equal(size, strlen(cases[i].name));
        assert_memory_equal(name, cases[i].name, size);
    }
    assert_int_equal(fx_word_of("tcp_flags"), FX_WORD_TCP_FLAGS);
    assert_int_equal(fx_word_of("as_src"), FX_WORD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pmacct_is_left_alone),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_fields_of_the_user),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_places_and_reverse_of_the_user),
        cmocka_unit_test(test_texts_of_zeros_are_no_way_back),
        cmocka_unit_test(test_one_spelling_both_ways),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_scaling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
