/* Self metrics: values added and observed by several threads are shown whole, and equal names stand together. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/metrics.h"

enum { COUNTED, TIMED, LEVEL };
enum { LAG, READ };

static const double bounds[] = {0.001, 0.5, 2};
static const char *const servers[] = {"a", "b", NULL};
static const struct fx_metric table[] = {[COUNTED] = {.name = "counted_total", .kind = FX_COUNTER, .help = "c"},
                                         [TIMED] = {.name = "timed_seconds",
                                                    .kind = FX_HISTOGRAM,
                                                    .help = "t",
                                                    .label = "server",
                                                    .values = servers,
                                                    FX_BOUNDS(bounds)},
                                         [LEVEL] = {.name = "level", .kind = FX_GAUGE, .help = "l"},
                                         {.name = NULL}};

/* Everything that a visit shows, one line for each sample. */
struct shown {
    char text[4096];
    size_t size;
};

static void show(void *arg, const struct fx_sample *sample)
{
    struct shown *shown = arg;
    char *to = shown->text + shown->size;
    size_t room = sizeof shown->text - shown->size;
    int n = snprintf(to, room, "%s %s %s %lld", sample->name, sample->label_values[0],
                     sample->label_count > 1 ? sample->label_values[1] : "-", (long long)sample->integer);
    if (sample->kind == FX_HISTOGRAM) {
        n += snprintf(to + n, room - (size_t)n, " sum %g", sample->real);
        for (unsigned i = 0; i <= sample->bound_count; i++)
            n += snprintf(to + n, room - (size_t)n, " %g:%lld", i < sample->bound_count ? sample->bounds[i] : INFINITY,
                          (long long)sample->buckets[i]);
    }
    n += snprintf(to + n, room - (size_t)n, "\n");
    shown->size += (size_t)n;
}

static void histograms_are_cumulative_and_keep_their_place(void **state)
{
    (void)state;
    struct fxi_metrics *metrics = fxi_metrics_new();
    struct fxi_metric_set *one = fxi_metrics_add_set(metrics, "one", table);
    struct fxi_metric_set *two = fxi_metrics_add_set(metrics, "two", table);
    fxi_metric_set_add(one, COUNTED, 0, 7);
    fxi_metric_set_put(one, LEVEL, 0, -5);
    fxi_metric_set_put(two, LEVEL, 0, 9);
    const double observed[] = {0, 0.001, 0.0011, 0.5, 1, 2, 2.5, 1e9}; /* a value at a bound belongs to that bucket */
    for (size_t i = 0; i < sizeof observed / sizeof observed[0]; i++)
        fxi_metric_set_observe(one, TIMED, 1, observed[i]);
    fxi_metric_set_observe(two, TIMED, 0, 0.25);
    struct shown shown = {.size = 0};
    fxi_metrics_visit(metrics, show, &shown);
    assert_string_equal(shown.text, "flow_exporter_counted_total one - 7\n"
                                    "flow_exporter_counted_total two - 0\n"
                                    "flow_exporter_timed_seconds one a 0 sum 0 0.001:0 0.5:0 2:0 inf:0\n"
                                    "flow_exporter_timed_seconds one b 8 sum 1e+09 0.001:2 0.5:4 2:6 inf:8\n"
                                    "flow_exporter_timed_seconds two a 1 sum 0.25 0.001:0 0.5:1 2:1 inf:1\n"
                                    "flow_exporter_timed_seconds two b 0 sum 0 0.001:0 0.5:0 2:0 inf:0\n"
                                    "flow_exporter_level one - -5\n"
                                    "flow_exporter_level two - 9\n");
    fxi_metrics_free(metrics);
}

#define THREADS      4
#define OBSERVATIONS 20000

static void *observe(void *arg)
{
    for (int i = 0; i < OBSERVATIONS; i++)
        fxi_metric_set_observe(arg, TIMED, (unsigned)i % 2, i % 4 < 2 ? 0.25 : 4);
    return NULL;
}

static void nothing_is_lost_among_threads(void **state)
{
    (void)state;
    struct fxi_metrics *metrics = fxi_metrics_new();
    struct fxi_metric_set *set = fxi_metrics_add_set(metrics, "one", table);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, observe, set), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct shown shown = {.size = 0};
    fxi_metrics_visit(metrics, show, &shown);
    assert_non_null(strstr(shown.text, "one a 40000 sum 85000 0.001:0 0.5:20000 2:20000 inf:40000\n"));
    assert_non_null(strstr(shown.text, "one b 40000 sum 85000 0.001:0 0.5:20000 2:20000 inf:40000\n"));
    fxi_metrics_free(metrics);
}

static const char *const labels[] = {"topic", "partition", NULL};
static const struct fx_metric dynamic[] = {
    [LAG] = {.name = "lag_seconds", .kind = FX_GAUGE | FX_NANOSECONDS, .help = "l", .labels = labels, .max_series = 2},
    [READ] = {.name = "read_total", .kind = FX_COUNTER, .help = "r", .labels = labels, .max_series = 1},
    {.name = NULL}};

static void show_labels(void *arg, const struct fx_sample *sample)
{
    struct shown *shown = arg;
    char *to = shown->text + shown->size;
    assert_int_equal(sample->label_count, 3);
    shown->size +=
        (size_t)sprintf(to, "%s %s=%s %s=%s %s=%s %g\n", sample->name, sample->label_names[0], sample->label_values[0],
                        sample->label_names[1], sample->label_values[1], sample->label_names[2],
                        sample->label_values[2], sample->is_double ? sample->real : (double)sample->integer);
}

static const char *visit_labels(const struct fxi_metrics *metrics)
{
    static struct shown shown;
    shown = (struct shown){.size = 0};
    fxi_metrics_visit(metrics, show_labels, &shown);
    return shown.text;
}

static void series_come_and_go_up_to_a_bound(void **state)
{
    (void)state;
    struct fxi_metrics *metrics = fxi_metrics_new();
    struct fxi_metric_set *set = fxi_metrics_add_set(metrics, "in", dynamic);
    const char *const t0[] = {"t", "0"}, *const t1[] = {"t", "1"}, *const u0[] = {"u", "0"};
    assert_string_equal(visit_labels(metrics), "");
    struct fx_series *first = fxi_metric_set_series(set, LAG, t0), *second = fxi_metric_set_series(set, LAG, t1);
    fx_series_set(first, 1500000000);
    fx_series_add(second, 2000000000);
    assert_null(fxi_metric_set_series(set, LAG, u0)); /* a gauge beyond the limit */
    fx_series_set(NULL, 1);
    fx_series_end(NULL);
    assert_string_equal(visit_labels(metrics), "flow_exporter_lag_seconds plugin=in topic=t partition=0 1.5\n"
                                               "flow_exporter_lag_seconds plugin=in topic=t partition=1 2\n");
    assert_ptr_equal(fxi_metric_set_series(set, LAG, t0), first);
    fx_series_end(first); /* begun twice, so it stays */
    fx_series_end(second);
    struct fx_series *third = fxi_metric_set_series(set, LAG, u0);
    assert_string_equal(visit_labels(metrics), "flow_exporter_lag_seconds plugin=in topic=t partition=0 1.5\n"
                                               "flow_exporter_lag_seconds plugin=in topic=u partition=0 0\n");
    fx_series_end(first);
    fx_series_end(third);
    /* A counter beyond its bound: the sum stays right. */
    fx_series_add(fxi_metric_set_series(set, READ, t0), 5);
    struct fx_series *other = fxi_metric_set_series(set, READ, t1);
    assert_ptr_equal(fxi_metric_set_series(set, READ, u0), other);
    fx_series_add(other, 7);
    fx_series_end(other);
    assert_string_equal(visit_labels(metrics), "flow_exporter_read_total plugin=in topic=t partition=0 5\n"
                                               "flow_exporter_read_total plugin=in topic=other partition=other 7\n");
    fxi_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_are_cumulative_and_keep_their_place),
        cmocka_unit_test(nothing_is_lost_among_threads),
        cmocka_unit_test(series_come_and_go_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
