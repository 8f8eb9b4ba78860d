/*
 * Compression of a page while it is sent, in pieces of any size. tests/e2e reads gzip with zlib, and zstd with the
 * program zstd.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "plugins/output-prometheus/http/gzip.h"
#include "plugins/output-prometheus/http/zstd.h"

#define TEXT_SIZE (300 * 1024)

/* A source that gives at most step bytes at a time, and fails at a place. */
struct source {
    const char *text;
    size_t at, step, fails_at;
};

static ssize_t source_read(void *arg, char *to, size_t size)
{
    struct source *source = arg;
    size_t left = TEXT_SIZE - source->at;
    size = left < size ? left : size;
    size = source->step < size ? source->step : size;
    if (source->fails_at && source->at + size > source->fails_at)
        return -1;
    memcpy(to, source->text + source->at, size);
    source->at += size;
    return (ssize_t)size;
}

static char *make_text(void)
{
    char *text = malloc(TEXT_SIZE);
    for (size_t i = 0; i < TEXT_SIZE; i++)
        text[i] = i % 97 < 60 ? "flow_receive_bytes_total{"[i % 25] : (char)rand();
    return text;
}

static void check_piece(const char *text, size_t step, size_t piece)
{
    struct source source = {.text = text, .step = step};
    struct prom_gzip *gzip = prom_gzip_new(source_read, &source);
    char *packed = malloc(2 * TEXT_SIZE), *again = malloc(TEXT_SIZE + 1);
    size_t size = 0;
    ssize_t got;
    while ((got = prom_gzip_read(gzip, packed + size, piece))) {
        assert_in_range(got, 1, piece);
        size += (size_t)got;
    }
    assert_int_equal(prom_gzip_read(gzip, packed + size, piece), 0);
    struct inflate_state state;
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.next_in = (uint8_t *)packed;
    state.avail_in = (uint32_t)size;
    state.next_out = (uint8_t *)again;
    state.avail_out = TEXT_SIZE + 1;
    assert_int_equal(isal_inflate(&state), ISAL_DECOMP_OK);
    assert_int_equal(state.block_state, ISAL_BLOCK_FINISH);
    assert_int_equal(state.total_out, TEXT_SIZE);
    assert_memory_equal(again, text, TEXT_SIZE);
    free(packed);
    free(again);
    prom_gzip_free(gzip);
}

static void check_zstd_piece(const char *text, size_t step, size_t piece)
{
    struct source source = {.text = text, .step = step};
    struct prom_zstd *zstd = prom_zstd_new(source_read, &source);
    char *packed = malloc(2 * TEXT_SIZE), *again = malloc(TEXT_SIZE + 1);
    size_t size = 0;
    ssize_t got;
    while ((got = prom_zstd_read(zstd, packed + size, piece))) {
        assert_in_range(got, 1, piece);
        size += (size_t)got;
    }
    assert_int_equal(prom_zstd_read(zstd, packed + size, piece), 0);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    assert_int_equal(ZSTD_decompressDCtx(context, again, TEXT_SIZE + 1, packed, size), TEXT_SIZE);
    assert_memory_equal(again, text, TEXT_SIZE);
    ZSTD_freeDCtx(context);
    free(packed);
    free(again);
    prom_zstd_free(zstd);
}

static void any_piece_gives_the_same_text_by_zstd(void **state)
{
    (void)state;
    char *text = make_text();
    check_zstd_piece(text, SIZE_MAX, 2 * TEXT_SIZE);
    check_zstd_piece(text, SIZE_MAX, 7);
    check_zstd_piece(text, 1000, 65536);
    check_zstd_piece(text, 13, 4096);
    free(text);
}

static void any_piece_gives_the_same_text(void **state)
{
    (void)state;
    char *text = make_text();
    check_piece(text, SIZE_MAX, 2 * TEXT_SIZE);
    check_piece(text, SIZE_MAX, 7);
    check_piece(text, 1000, 65536);
    check_piece(text, 13, 4096);
    free(text);
}

static void a_failing_source_ends_it(void **state)
{
    (void)state;
    char *text = make_text(), *packed = malloc(2 * TEXT_SIZE);
    struct source source = {.text = text, .step = 1000, .fails_at = 200000};
    struct prom_gzip *gzip = prom_gzip_new(source_read, &source);
    assert_int_equal(prom_gzip_read(gzip, packed, 2 * TEXT_SIZE), -1);
    prom_gzip_free(gzip);
    source.at = 0;
    struct prom_zstd *zstd = prom_zstd_new(source_read, &source);
    ssize_t got;
    while ((got = prom_zstd_read(zstd, packed, 2 * TEXT_SIZE)) > 0)
        ;
    assert_int_equal(got, -1);
    prom_zstd_free(zstd);
    free(packed);
    free(text);
}

int main(void)
{
    mallopt(M_PERTURB, 0xa5); /* memory as after long use: not zero */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_piece_gives_the_same_text),
        cmocka_unit_test(any_piece_gives_the_same_text_by_zstd),
        cmocka_unit_test(a_failing_source_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
