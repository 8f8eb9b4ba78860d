/* GET /api/v1/top: the heaviest values of each view, and their rates over the last minutes. The HTTP thread. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "live/api.h"
#include "base/clock.h"
#include "live/rates.h"
#include "series/family.h"

#define LIMIT_DEFAULT 10
#define LIMIT_MAX     50
#define OVER_DEFAULT  60 /* seconds */

static const char *const by_words[] = {"source", "destination", "router", "series"}; /* enum prom_by */
static const char *const direction_words[] = {NULL, "in", "out"};                    /* enum prom_direction */

struct ranked {
    const struct prom_entity *entity;
    double rate;
};

/* How many of the newest points cover this many seconds; at most all. */
static unsigned points_over(const struct prom_rates *rates, double over, double *seconds)
{
    unsigned count = 0;
    *seconds = 0;
    while (count < rates->point_count && *seconds < over - 0.5)
        *seconds += rates->points[prom_rates_place(rates, count++)].seconds;
    return count;
}

/* A value that was not kept counts as nothing: it was smaller than the kept ones. */
static double mean(const struct prom_rates *rates, const double *by_point, unsigned count, double seconds)
{
    double sum = 0;
    for (unsigned age = 0; age < count; age++) {
        unsigned place = prom_rates_place(rates, age);
        if (!isnan(by_point[place]))
            sum += by_point[place] * rates->points[place].seconds;
    }
    return count ? sum / seconds : 0;
}

static int heavier_first(const void *a, const void *b)
{
    double left = ((const struct ranked *)a)->rate, right = ((const struct ranked *)b)->rate;
    if (left != right)
        return left < right ? 1 : -1;
    const struct prom_entity *one = ((const struct ranked *)a)->entity, *other = ((const struct ranked *)b)->entity;
    return memcmp(one->label, other->label, sizeof one->label);
}

static unsigned rank(const struct prom_rates *rates, const struct prom_view *view, unsigned points, double seconds,
                     struct ranked ranked[PROM_RATES_TRACKED])
{
    unsigned count = 0;
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++) {
        const struct prom_entity *entity = &view->entities[i];
        double rate = entity->is_used ? mean(rates, entity->rates, points, seconds) : 0;
        if (rate > 0)
            ranked[count++] = (struct ranked){.entity = entity, .rate = rate};
    }
    qsort(ranked, count, sizeof *ranked, heavier_first);
    return count;
}

/* Oldest first. */
static struct json_object *history(const struct prom_rates *rates, const double *by_point)
{
    struct json_object *array = json_object_new_array_ext((int)rates->point_count + 1);
    for (unsigned age = rates->point_count; age-- > 0;) {
        double rate = by_point[prom_rates_place(rates, age)];
        json_object_array_add(array, isnan(rate) ? NULL : json_object_new_int64((int64_t)llround(rate)));
    }
    return array;
}

static struct json_object *item(const struct prom_rates *rates, const struct ranked *ranked, double total)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "label",
                           json_object_new_string_len(ranked->entity->label, (int)ranked->entity->label_size));
    json_object_object_add(object, "name",
                           json_object_new_string_len(ranked->entity->name, (int)ranked->entity->name_size));
    json_object_object_add(object, "rate", prom_api_decimal(ranked->rate));
    json_object_object_add(object, "share", prom_api_decimal(total > 0 ? fmin(ranked->rate / total, 1) : 0));
    json_object_object_add(object, "rates", history(rates, ranked->entity->rates));
    return object;
}

static struct json_object *text_or_null(const char *text)
{
    return text ? json_object_new_string(text) : NULL;
}

static struct json_object *view_object(const struct prom_rates *rates, const struct prom_view *view, unsigned limit,
                                       double over)
{
    struct ranked ranked[PROM_RATES_TRACKED];
    double seconds, rest;
    unsigned points = points_over(rates, over, &seconds);
    unsigned count = rank(rates, view, points, seconds, ranked);
    double total = rest = mean(rates, view->totals, points, seconds);
    struct json_object *object = json_object_new_object(), *items = json_object_new_array();
    for (unsigned i = 0; i < count && i < limit; i++) {
        json_object_array_add(items, item(rates, &ranked[i], total));
        rest -= ranked[i].rate;
    }
    json_object_object_add(object, "metric", json_object_new_string(view->family->name));
    json_object_object_add(object, "help", json_object_new_string(view->family->help));
    json_object_object_add(object, "value", json_object_new_string(view->family->value_path));
    json_object_object_add(object, "by", json_object_new_string(by_words[view->by]));
    json_object_object_add(object, "label",
                           text_or_null(view->label < 0 ? NULL : view->family->labels[view->label].name));
    json_object_object_add(object, "direction", text_or_null(direction_words[view->direction]));
    json_object_object_add(object, "distinct", json_object_new_int64((int64_t)view->count));
    json_object_object_add(object, "rate", prom_api_decimal(total));
    json_object_object_add(object, "rates", history(rates, view->totals));
    json_object_object_add(object, "items", items);
    json_object_object_add(object, "rest", prom_api_decimal(fmax(rest, 0)));
    return object;
}

static struct json_object *point_array(const struct prom_rates *rates, bool of_ends)
{
    struct json_object *array = json_object_new_array_ext((int)rates->point_count + 1);
    for (unsigned age = rates->point_count; age-- > 0;) {
        const struct prom_point *point = &rates->points[prom_rates_place(rates, age)];
        json_object_array_add(array, prom_api_decimal(of_ends ? (double)point->end_ms / 1000 : point->seconds));
    }
    return array;
}

static struct json_object *backlog_array(const struct prom_rates *rates)
{
    struct json_object *array = json_object_new_array_ext((int)rates->point_count + 1);
    for (unsigned age = rates->point_count; age-- > 0;)
        json_object_array_add(array, json_object_new_boolean(rates->points[prom_rates_place(rates, age)].is_backlog));
    return array;
}

/* How much of the newest points that cover this many seconds is backlog. */
static double backlog_over(const struct prom_rates *rates, double over)
{
    double all, seconds = 0;
    unsigned count = points_over(rates, over, &all);
    for (unsigned age = 0; age < count; age++) {
        const struct prom_point *point = &rates->points[prom_rates_place(rates, age)];
        seconds += point->is_backlog ? point->seconds : 0;
    }
    return seconds;
}

enum MHD_Result prom_api_top(const struct prom_request *request, struct prom_rates *rates)
{
    enum { LIMIT, OVER, NUMBERS };
    struct prom_api_number numbers[NUMBERS] = {
        [LIMIT] = {.name = "limit", .min = 1, .max = LIMIT_MAX, .value = LIMIT_DEFAULT},
        [OVER] = {.name = "over", .min = 5, .max = PROM_RATES_WINDOW_MS / 1000, .value = OVER_DEFAULT}};
    enum MHD_Result answer;
    if (!prom_api_query(request, numbers, NUMBERS, &answer))
        return answer;
    double over = (double)numbers[OVER].value, seconds;
    struct json_object *object = json_object_new_object(), *views = json_object_new_array();
    pthread_mutex_lock(&rates->lock);
    points_over(rates, over, &seconds);
    for (unsigned i = 0; i < rates->view_count; i++)
        json_object_array_add(views, view_object(rates, &rates->views[i], (unsigned)numbers[LIMIT].value, over));
    json_object_object_add(object, "version", json_object_new_int(PROM_API_VERSION));
    json_object_object_add(object, "time", prom_api_decimal((double)prom_clock_wall_ms() / 1000));
    json_object_object_add(object, "over_seconds", json_object_new_int64(numbers[OVER].value));
    json_object_object_add(object, "covered_seconds", prom_api_decimal(seconds));
    json_object_object_add(object, "step_seconds", prom_api_decimal(PROM_RATES_STEP_MS / 1000.0));
    json_object_object_add(object, "ends", point_array(rates, true));
    json_object_object_add(object, "seconds", point_array(rates, false));
    json_object_object_add(object, "backlog", backlog_array(rates));
    json_object_object_add(object, "backlog_seconds", prom_api_decimal(backlog_over(rates, over)));
    pthread_mutex_unlock(&rates->lock);
    json_object_object_add(object, "views", views);
    return prom_api_send(request, MHD_HTTP_OK, object);
}
