/* Series that come and go. Their numbers are atomic. The list is guarded by its lock. */
#include "metrics/series.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct fx_series {
    struct fxi_series_list *list;
    struct fx_series *next;
    _Atomic int64_t value;
    unsigned users; /* how often it was begun and not yet ended */
    char *values[FX_SERIES_LABELS];
};

static unsigned label_count(const struct fxi_series_list *list)
{
    unsigned count = 0;
    while (list->row->labels[count])
        count++;
    return count;
}

void fxi_series_list_init(struct fxi_series_list *list, const struct fx_metric *row)
{
    *list = (struct fxi_series_list){.row = row};
    pthread_mutex_init(&list->lock, NULL);
    list->last = &list->first;
}

static void free_series(struct fx_series *series)
{
    for (unsigned i = 0; i < FX_SERIES_LABELS; i++)
        free(series->values[i]);
    free(series);
}

void fxi_series_list_fini(struct fxi_series_list *list)
{
    for (struct fx_series *series = list->first, *next; series; series = next) {
        next = series->next;
        free_series(series);
    }
    if (list->other)
        free_series(list->other);
    pthread_mutex_destroy(&list->lock);
}

static struct fx_series *find(const struct fxi_series_list *list, const char *const *values, unsigned count)
{
    for (struct fx_series *series = list->first; series; series = series->next) {
        unsigned same = 0;
        while (same < count && strcmp(series->values[same], values[same]) == 0)
            same++;
        if (same == count)
            return series;
    }
    return NULL;
}

static struct fx_series *make(struct fxi_series_list *list, const char *const *values, unsigned count)
{
    struct fx_series *series = fxi_calloc(1, sizeof *series);
    series->list = list;
    for (unsigned i = 0; i < count; i++)
        series->values[i] = fxi_strdup(values ? values[i] : "other");
    return series;
}

/* Beyond the bound, one series counts for all others, so that sums over a counter stay right. */
static struct fx_series *other(struct fxi_series_list *list, unsigned count)
{
    if ((list->row->kind & ~FX_NANOSECONDS) != FX_COUNTER)
        return NULL;
    if (!list->other)
        list->other = make(list, NULL, count);
    return list->other;
}

struct fx_series *fxi_series_begin(struct fxi_series_list *list, const char *const *values)
{
    unsigned count = label_count(list);
    pthread_mutex_lock(&list->lock);
    struct fx_series *series = find(list, values, count);
    if (!series && list->count == list->row->max_series) {
        series = other(list, count);
    } else if (!series) {
        series = make(list, values, count);
        *list->last = series;
        list->last = &series->next;
        list->count++;
    }
    if (series)
        series->users++;
    pthread_mutex_unlock(&list->lock);
    return series;
}

void fx_series_end(struct fx_series *series)
{
    if (!series || series == series->list->other)
        return;
    struct fxi_series_list *list = series->list;
    pthread_mutex_lock(&list->lock);
    struct fx_series *gone = --series->users ? NULL : series;
    if (gone) {
        struct fx_series **at = &list->first;
        while (*at != gone)
            at = &(*at)->next;
        *at = gone->next;
        if (list->last == &gone->next)
            list->last = at;
        list->count--;
    }
    pthread_mutex_unlock(&list->lock);
    if (gone)
        free_series(gone);
}

void fx_series_add(struct fx_series *series, int64_t n)
{
    if (series)
        atomic_fetch_add_explicit(&series->value, n, memory_order_relaxed);
}

void fx_series_set(struct fx_series *series, int64_t n)
{
    if (series)
        atomic_store_explicit(&series->value, n, memory_order_relaxed);
}

void fxi_series_visit(struct fxi_series_list *list, void (*visit)(void *arg, const char *const *values, int64_t value),
                      void *arg)
{
    pthread_mutex_lock(&list->lock);
    for (const struct fx_series *series = list->first; series; series = series->next)
        visit(arg, (const char *const *)series->values, atomic_load_explicit(&series->value, memory_order_relaxed));
    if (list->other)
        visit(arg, (const char *const *)list->other->values,
              atomic_load_explicit(&list->other->value, memory_order_relaxed));
    pthread_mutex_unlock(&list->lock);
}
