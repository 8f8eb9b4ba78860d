/* What output-prometheus counts and shows: sums, the series 'other', late names, cuts and rollbacks. */
#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS 3600000

static void counts_by_direction(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    prom_fixture_write(&f, 0, 100, 7, "r1", 5, NULL, NULL);
    prom_fixture_write(&f, 1, 100, 7, "r1", 6, NULL, NULL);   /* the same series, by another worker */
    prom_fixture_write(&f, 0, 100, 100, "r1", 1, NULL, NULL); /* from us to us: counts as transmitted only */
    prom_fixture_write(&f, 0, 1, 100, NULL, 9, NULL, NULL);
    prom_fixture_write(&f, 0, 1, 123, "r1", 1000, NULL, NULL); /* not ours */
    /* AS 1 + 23 is not AS 12 + 3. */
    prom_fixture_write(&f, 0, 100, 1, "23", 2, NULL, NULL);
    prom_fixture_write(&f, 0, 100, 12, "3", 3, NULL, NULL);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "", "r1", "100", "")), 11);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "100", "", "r1", "100", "")), 1);
    assert_int_equal(prom_fixture_value(page, SERIES("receive", "100", "", "", "1", "")), 9);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "", "23", "100", "")), 2);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "12", "", "3", "100", "")), 3);
    assert_int_equal(prom_fixture_sum(page), 26);
    assert_non_null(strstr(page, "# HELP flow_transmit_bytes_total Bytes transferred.\n"
                                 "# TYPE flow_transmit_bytes_total counter\n"));
    free(page);
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_UNMATCHED, 0), 1);
    prom_fixture_fini(&f);
}

static void what_is_absent_is_zero_or_empty(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    struct fx_value without_as[FIELDS] = {
        [AS_SRC] = {.u = 100, .type = FX_UNSIGNED}, [BYTES] = {.u = 8, .type = FX_UNSIGNED}};
    prom_fixture_write_row(&f, 0, without_as);
    struct fx_value without_bytes[FIELDS] = {[AS_DST] = {.u = 100, .type = FX_UNSIGNED}};
    prom_fixture_write_row(&f, 0, without_bytes);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "0", "", "", "100", "")), 8);
    assert_null(strstr(page, "receive")); /* a metric without series has no head */
    free(page);
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_WITHOUT_VALUE, 0), 1);
    prom_fixture_fini(&f);
}

static void a_sum_never_wraps(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    prom_fixture_write(&f, 0, 100, 1, "r", UINT64_MAX - 1, NULL, NULL);
    prom_fixture_write(&f, 1, 100, 1, "r", 1, NULL, NULL);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_true(prom_fixture_value(page, SERIES("transmit", "1", "", "r", "100", "")) == UINT64_MAX);
    free(page);
    prom_fixture_write(&f, 0, 100, 1, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_true(prom_fixture_value(page, SERIES("transmit", "1", "", "r", "100", "")) == UINT64_MAX);
    free(page);
    prom_fixture_fini(&f);
}

static void sums_stay_exact_beyond_the_limit(void **state)
{
    (void)state;
    struct prom_fixture f;
    char label[16];
    prom_fixture_init(&f, 10, 0);
    uint64_t sum = 0, of_other = 0;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned key = i % 50; /* the first ten keys are series */
        snprintf(label, sizeof label, "r%u", i % 100);
        prom_fixture_write(&f, i % 2, 100, key, i % 100 < 10 ? "r" : label, i, NULL, NULL);
        sum += i;
        of_other += i % 100 < 10 ? 0 : i;
    }
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "other", "other", "other", "other", "other")),
                     of_other);
    assert_int_equal(prom_fixture_sum(page), sum);
    free(page);
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_OTHER, 0), 900);
    assert_int_equal(f.output->store.texts.count, 2); /* "" and "r": texts of refused series take no memory */
    prom_fixture_fini(&f);
}

static void a_label_without_end_goes_to_other(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    char *label = malloc(PROM_TEXT_MAX + 2);
    memset(label, 'x', PROM_TEXT_MAX + 1);
    label[PROM_TEXT_MAX + 1] = '\0';
    prom_fixture_write(&f, 0, 100, 1, label, 3, NULL, NULL);
    label[PROM_TEXT_MAX] = '\0';
    prom_fixture_write(&f, 0, 100, 1, label, 4, NULL, NULL);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 100);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "other", "other", "other", "other", "other")), 3);
    assert_int_equal(prom_fixture_sum(page), 7);
    free(page);
    free(label);
    prom_fixture_fini(&f);
}

/* A record without a series of its own leaves no text behind. Nothing would bound the number of such texts. */
static void a_record_for_other_leaves_no_text(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    char *label = calloc(1, PROM_TEXT_MAX + 1), name[16];
    for (unsigned i = 0; i < 100; i++) {
        uint32_t size = (uint32_t)snprintf(name, sizeof name, "N%u", i);
        struct fx_value row[FIELDS] = {[AS_SRC] = {.u = 100, .type = FX_UNSIGNED},
                                       [AS_DST] = {.u = 1, .type = FX_UNSIGNED},
                                       [BYTES] = {.u = 1, .type = FX_UNSIGNED},
                                       [LABEL] = {.text = label, .size = PROM_TEXT_MAX + 1, .type = FX_TEXT},
                                       [AS_SRC_NAME] = {.text = name, .size = size, .type = FX_TEXT},
                                       [AS_DST_NAME] = {.text = name, .size = size, .type = FX_TEXT}};
        prom_fixture_write_row(&f, 0, row);
    }
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_OTHER, 0), 100);
    assert_int_equal(f.output->store.texts.count, 1); /* "" */
    free(label);
    prom_fixture_fini(&f);
}

static void nothing_is_shown_before_the_commit(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    char *page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_fixture_cut(&f);
    page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_fixture_write(&f, 0, 100, 7, "r", 100, NULL, NULL); /* after the cut: not on this page */
    prom_committed(f.output, f.number);
    page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "", "r", "100", "")), 5);
    free(page);
    prom_fixture_fini(&f);
}

static void a_page_under_way_keeps_its_cut(void **state)
{
    (void)state;
    struct prom_fixture f;
    char text[4096];
    prom_fixture_init(&f, 10, 0);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&f);
    struct prom_page *page = prom_page_new(&f.output->store, PROM_TEXT, NULL);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_write(&f, 0, 100, 8, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&f);
    ssize_t size = prom_page_read(page, text, sizeof text - 1);
    assert_in_range(size, 1, sizeof text - 1);
    text[size] = '\0';
    assert_int_equal(prom_fixture_value(text, SERIES("transmit", "7", "", "r", "100", "")), 5);
    assert_null(strstr(text, "destination_as=\"8\""));
    prom_page_free(page);
    prom_fixture_fini(&f);
}

struct reader {
    struct prom_fixture *fixture;
    atomic_bool stops;
    uint64_t greatest;
    bool goes_back;
};

static void *read_main(void *arg)
{
    struct reader *reader = arg;
    do {
        char *page = prom_fixture_page(reader->fixture, 1000);
        uint64_t sum = prom_fixture_sum(page);
        reader->goes_back = reader->goes_back || sum < reader->greatest;
        reader->greatest = sum;
        free(page);
    } while (!atomic_load(&reader->stops) && !reader->goes_back);
    return NULL;
}

/* Pages are read while checkpoints bring new series onto them. */
static void pages_are_read_beside_checkpoints(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct reader reader = {.fixture = &f};
    pthread_t thread;
    char label[16];
    prom_fixture_init(&f, 100000, 0);
    assert_int_equal(pthread_create(&thread, NULL, read_main, &reader), 0);
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned j = 0; j < 20; j++) {
            snprintf(label, sizeof label, "r%u", i * 20 + j);
            prom_fixture_write(&f, j % 2, 100, j, label, 1, NULL, NULL);
        }
        prom_fixture_checkpoint(&f);
    }
    atomic_store(&reader.stops, true);
    pthread_join(thread, NULL);
    assert_false(reader.goes_back);
    char *page = prom_fixture_page(&f, 1000);
    assert_int_equal(prom_fixture_sum(page), 2000);
    free(page);
    prom_fixture_fini(&f);
}

static void late_names_hold_a_series_back(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct fx_cell *cell = fx_cell_new();
    prom_fixture_init(&f, 10, HOUR_MS);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, cell);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_SERIES_HELD, 0), 1);
    prom_fixture_write(&f, 1, 100, 7, "r", 6, NULL, cell);
    assert_int_equal(fx_cell_set(cell, FX_CELL_KNOWN, "A \"name\"", 8), 0);
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "A \\\"name\\\"", "r", "100", "")), 11);
    free(page);
    assert_int_equal(fxi_metric_set_get(f.instance.metrics, PROM_SERIES_HELD, 0), 0);
    assert_int_equal(fx_cell_set(cell, FX_CELL_KNOWN, "changed", 7), 0); /* a shown name stays */
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_null(strstr(page, "changed"));
    free(page);
    prom_fixture_fini(&f);
    assert_false(fx_cell_is_shared(cell));
    fx_cell_unref(cell);
}

static void a_name_that_never_comes_is_waited_for_only_so_long(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct fx_cell *cell = fx_cell_new();
    prom_fixture_init(&f, 10, HOUR_MS);
    prom_fixture_write(&f, 0, 7, 100, "r", 5, cell, NULL);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_series_at(&f.output->store.families[0].registry, 1)->standing.held_ms -= HOUR_MS; /* an hour later */
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("receive", "100", "", "r", "7", "")), 5);
    free(page);
    prom_fixture_fini(&f);
    fx_cell_unref(cell);
}

/* A series that gets the text of another one shares its line. A page with the same line twice would be invalid. */
static void two_keys_of_one_text_are_one_line(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct fx_cell *unknown = fx_cell_new(), *pending = fx_cell_new();
    prom_fixture_init(&f, 10, HOUR_MS);
    assert_int_equal(fx_cell_set(unknown, FX_CELL_UNKNOWN, "", 0), 0);
    prom_fixture_write(&f, 0, 100, 7, "r", 1, NULL, pending);
    prom_fixture_write(&f, 0, 100, 7, "r", 2, NULL, NULL);
    prom_fixture_write(&f, 1, 100, 7, "r", 4, NULL, unknown);
    for (unsigned round = 0; round < 3; round++) {
        prom_fixture_checkpoint(&f);
        char *page = prom_fixture_page(&f, 4096);
        assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "", "r", "100", "")), round ? 7 : 6);
        assert_int_equal(prom_fixture_sum(page), round ? 7 : 6);
        free(page);
        assert_int_equal(fx_cell_set(pending, FX_CELL_UNKNOWN, "", 0), 0);
        prom_rolled_back(f.output, f.number); /* merged values are counted once */
    }
    prom_fixture_fini(&f);
    fx_cell_unref(unknown);
    fx_cell_unref(pending);
}

enum { KEYS = 40, STEPS = 20000 };

/*
 * What the page must show. The keys take turns: one without a cell, one known from the start, one known at some time.
 */
struct model {
    uint64_t now[KEYS], committed[KEYS];
    struct fx_cell *cells[KEYS];
    bool is_known[KEYS], is_shown[KEYS];
};

static void model_init(struct model *model)
{
    *model = (struct model){0};
    for (unsigned key = 0; key < KEYS; key++) {
        model->is_known[key] = key % 3 != 2;
        model->cells[key] = key % 3 ? fx_cell_new() : NULL;
        if (key % 3 == 1)
            assert_int_equal(fx_cell_set(model->cells[key], FX_CELL_KNOWN, "", 0), 0);
    }
}

static void model_commit(struct model *model)
{
    memcpy(model->committed, model->now, sizeof model->now);
    for (unsigned key = 0; key < KEYS; key++)
        model->is_shown[key] = model->is_known[key];
}

static void model_learn(struct model *model, unsigned key)
{
    if (model->cells[key])
        assert_int_equal(fx_cell_set(model->cells[key], FX_CELL_KNOWN, "", 0), 0);
    model->is_known[key] = true;
}

static void model_compare(const struct model *model, struct prom_fixture *fixture, size_t piece)
{
    char *page = prom_fixture_page(fixture, piece), line[200];
    for (unsigned key = 0; key < KEYS; key++) {
        snprintf(line, sizeof line, SERIES("transmit", "%u", "", "r", "100", ""), 1000 + key);
        assert_int_equal(prom_fixture_value(page, line), model->is_shown[key] ? model->committed[key] : 0);
    }
    free(page);
}

/* Two workers write, checkpoint and roll back at random. The page is compared with plain sums. */
static void follows_a_model(void **state)
{
    (void)state;
    unsigned seed = 4711;
    struct prom_fixture f;
    struct model model;
    prom_fixture_init(&f, 1000, HOUR_MS);
    model_init(&model);
    print_message("seed %u\n", seed);
    for (int step = 0; step < STEPS; step++) {
        int what = rand_r(&seed) % 1000;
        unsigned key = (unsigned)rand_r(&seed) % KEYS, bytes = (unsigned)rand_r(&seed);
        if (what < 985) {
            prom_fixture_write(&f, bytes % 2, 100, 1000 + key, "r", bytes, NULL, model.cells[key]);
            model.now[key] += bytes;
            continue;
        }
        if (what < 988) {
            model_learn(&model, key);
        } else if (what < 995) {
            prom_fixture_checkpoint(&f);
            model_commit(&model);
        } else {
            if (what > 997)
                prom_fixture_cut(&f); /* cut, but never committed */
            prom_rolled_back(f.output, 0);
            memcpy(model.now, model.committed, sizeof model.now);
        }
        model_compare(&model, &f, 1 + bytes % 5000);
    }
    prom_fixture_fini(&f);
    for (unsigned key = 0; key < KEYS; key++)
        fx_cell_unref(model.cells[key]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_direction),
        cmocka_unit_test(what_is_absent_is_zero_or_empty),
        cmocka_unit_test(a_sum_never_wraps),
        cmocka_unit_test(sums_stay_exact_beyond_the_limit),
        cmocka_unit_test(a_label_without_end_goes_to_other),
        cmocka_unit_test(a_record_for_other_leaves_no_text),
        cmocka_unit_test(nothing_is_shown_before_the_commit),
        cmocka_unit_test(a_page_under_way_keeps_its_cut),
        cmocka_unit_test(pages_are_read_beside_checkpoints),
        cmocka_unit_test(late_names_hold_a_series_back),
        cmocka_unit_test(a_name_that_never_comes_is_waited_for_only_so_long),
        cmocka_unit_test(two_keys_of_one_text_are_one_line),
        cmocka_unit_test(follows_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
