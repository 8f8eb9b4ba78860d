/*
 * Reads the state directory: series, their texts, their values. This happens before the first record. It happens
 * again when a later checkpoint turns out to have been accepted: then existing series stay and get the values of
 * that checkpoint. No worker writes meanwhile. Pages may be read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "kept/kept.h"
#include "series/store.h"

/*
 * Reads an entry from its beginning to its end. The core's checksums have covered everything, so an entry that does
 * not fit was written by another version.
 */
struct reading {
    struct prom_store *store;
    struct prom_kept *kept;
    const char *at, *end;
    struct fx_error *err;
    uint64_t cut; /* the checkpoint's number */
};

static int bad(const struct reading *reading)
{
    return fx_error_set(reading->err, FX_EINVAL, "the log of series has a form that this version does not know");
}

static int no_memory(const struct reading *reading)
{
    return fx_error_set(reading->err, FX_ENOMEM, "out of memory");
}

static const char *take(struct reading *reading, size_t size)
{
    if ((size_t)(reading->end - reading->at) < size)
        return NULL;
    const char *taken = reading->at;
    reading->at += size;
    return taken;
}

static bool take_u32(struct reading *reading, uint32_t *number)
{
    const char *from = take(reading, sizeof *number);
    if (from)
        memcpy(number, from, sizeof *number);
    return from != NULL;
}

static bool take_u64(struct reading *reading, uint64_t *number)
{
    const char *from = take(reading, sizeof *number);
    if (from)
        memcpy(number, from, sizeof *number);
    return from != NULL;
}

static const char *take_sized(struct reading *reading, uint32_t *size)
{
    return take_u32(reading, size) ? take(reading, *size) : NULL;
}

static struct prom_kept_metric *take_metric(struct reading *reading)
{
    uint32_t number;
    struct prom_kept *kept = reading->kept;
    return take_u32(reading, &number) && number < kept->count ? &kept->metrics[number] : NULL;
}

/* ---- a metric */

/* found: the index of the metric; -1: none as configured now. */
static int find_family(const struct reading *reading, const char *definition, size_t size, int *found)
{
    bool has_memory = true;
    *found = -1;
    for (unsigned i = 0; i < reading->store->family_count && *found < 0 && has_memory; i++) {
        struct prom_buffer own = {0};
        prom_family_define(&reading->store->families[i], &own);
        has_memory = !own.failed;
        if (has_memory && own.size == size && memcmp(own.data, definition, size) == 0)
            *found = (int)i;
        prom_buffer_fini(&own);
    }
    return has_memory ? 0 : no_memory(reading);
}

static int read_metric(struct reading *reading)
{
    uint32_t size;
    int family;
    const char *definition = take_sized(reading, &size);
    if (!definition || !memchr(definition, '\n', size))
        return bad(reading);
    int rc = find_family(reading, definition, size, &family);
    if (rc)
        return rc;
    if (family < 0)
        fx_log(reading->store->instance, FX_LOG_WARN,
               "The definition of a metric has changed: its kept values are dropped.", "metric=%.*s",
               (int)strcspn(definition, "\n"), definition);
    return prom_kept_add_metric(reading->kept, definition, size, family) ? no_memory(reading) : 0;
}

static int read_other(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    if (!metric || !take_u64(reading, &metric->other_created))
        return bad(reading);
    if (metric->family >= 0 && metric->other_created)
        prom_series_set_created(&reading->store->families[metric->family].registry, PROM_OTHER_SERIES,
                                metric->other_created);
    return 0;
}

/* ---- a series */

static bool read_word(struct reading *reading, bool is_number, uint64_t *word)
{
    const char *kind = take(reading, 1);
    if (!kind || (*kind == PROM_KEPT_NUMBER) != is_number)
        return false;
    if (is_number)
        return take_u64(reading, word);
    uint32_t size;
    const char *text = take_sized(reading, &size);
    if (!text || (*kind != PROM_KEPT_TEXT && *kind != PROM_KEPT_CELL))
        return false;
    uint32_t number = prom_intern_get(&reading->store->texts, text, size, true);
    *word = PROM_KEY_TEXT | (*kind == PROM_KEPT_CELL ? PROM_KEY_WAITING : 0) | number;
    return number != PROM_TEXT_NONE;
}

/* A metric that is no longer configured: the entry itself tells its labels. */
static int skip_series(struct reading *reading, const struct prom_kept_metric *metric)
{
    for (const char *label = strstr(metric->definition, PROM_DEFINITION_LABEL); label;
         label = strstr(label + 1, PROM_DEFINITION_LABEL)) {
        uint64_t number;
        uint32_t size;
        const char *kind = take(reading, 1);
        if (!kind || !(*kind == PROM_KEPT_NUMBER ? take(reading, sizeof number) : take_sized(reading, &size)))
            return bad(reading);
    }
    return 0;
}

static bool read_key(struct reading *reading, const struct prom_family *family, uint64_t *key)
{
    for (unsigned i = 0; i < family->label_count; i++)
        if (!read_word(reading, family->labels[i].is_number, &key[i]))
            return false;
    return true;
}

/*
 * Two keys in the log can be the same now, or there can be too many series. Then the place is void, and its value
 * counts elsewhere. created: 0 if the time is not known.
 */
static int add_series(struct reading *reading, struct prom_kept_metric *metric, uint32_t place, uint64_t created)
{
    struct prom_family *family = &reading->store->families[metric->family];
    uint64_t key[PROM_LABELS_MAX];
    if (!read_key(reading, family, key))
        return bad(reading);
    uint32_t number = prom_registry_restore(&family->registry, key);
    if (prom_kept_reserve(metric, (size_t)number + 1))
        return no_memory(reading);
    bool is_void = metric->flags[number] & PROM_KEPT_HAS_KEY;
    prom_life_restore_begin(&family->life, number);
    if (created && !is_void)
        prom_series_set_created(&family->registry, number, created);
    return prom_kept_put_place(metric, place, is_void ? number | PROM_PLACE_VOID : number) ? no_memory(reading) : 0;
}

static int read_series(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    if (!metric)
        return bad(reading);
    return metric->family < 0 ? skip_series(reading, metric) : add_series(reading, metric, (uint32_t)metric->count, 0);
}

static int read_begun(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    uint32_t place;
    uint64_t created;
    if (!metric || !take_u32(reading, &place) || !take_u64(reading, &created))
        return bad(reading);
    if (metric->family < 0)
        return skip_series(reading, metric);
    bool is_free = place == metric->count || (place < metric->count && metric->places[place] == PROM_PLACE_FREE);
    return is_free ? add_series(reading, metric, place, created) : bad(reading);
}

static int read_ended(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    uint32_t place;
    if (!metric || !take_u32(reading, &place) || (metric->family >= 0 && place >= metric->count))
        return bad(reading);
    if (metric->family < 0)
        return 0;
    uint32_t number = metric->places[place];
    metric->places[place] = PROM_PLACE_FREE;
    if (number & PROM_PLACE_VOID || number == PROM_OTHER_SERIES)
        return 0;
    metric->flags[number] = 0;
    int rc = prom_expire_restore_end(reading->store, (unsigned)metric->family, number, reading->cut);
    return rc ? no_memory(reading) : 0;
}

static int read_void(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    if (!metric)
        return bad(reading);
    return prom_kept_add_place(metric, PROM_PLACE_FREE) ? no_memory(reading) : 0;
}

/* ---- as what it is shown */

static bool take_place(struct reading *reading, const struct prom_kept_metric *metric, uint32_t *number)
{
    uint32_t place;
    if (!take_u32(reading, &place))
        return false;
    if (metric->family < 0) /* its places are not read */
        return true;
    *number = place < metric->count ? metric->places[place] : PROM_SERIES_NONE;
    return place < metric->count;
}

static bool is_values(const struct prom_family *family, const char *values, size_t size)
{
    size_t all = family->shown_count * sizeof(uint16_t);
    for (unsigned i = 0; i < family->shown_count && all <= size; i++) {
        uint16_t one;
        memcpy(&one, values + i * sizeof one, sizeof one);
        all += one;
    }
    return all == size;
}

static int read_shown(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    uint32_t number = PROM_SERIES_NONE, size;
    const char *values;
    if (!metric || !take_place(reading, metric, &number) || !(values = take_sized(reading, &size)))
        return bad(reading);
    if (metric->family < 0 || number & PROM_PLACE_VOID)
        return 0;
    struct prom_family *family = &reading->store->families[metric->family];
    if (!is_values(family, values, size))
        return bad(reading);
    metric->flags[number] |= PROM_KEPT_HAS_TEXT;
    return prom_admit_restore_text(family, number, values, size) ? no_memory(reading) : 0;
}

static int read_alias(struct reading *reading)
{
    struct prom_kept_metric *metric = take_metric(reading);
    uint32_t number = PROM_SERIES_NONE, shown_as = PROM_SERIES_NONE;
    if (!metric || !take_place(reading, metric, &number) || !take_place(reading, metric, &shown_as))
        return bad(reading);
    if (metric->family < 0 || (number | shown_as) & PROM_PLACE_VOID)
        return 0;
    metric->flags[number] |= PROM_KEPT_HAS_TEXT;
    struct prom_family *family = &reading->store->families[metric->family];
    bool is_renamed = prom_standing_text(&prom_series_at(&family->registry, number)->standing);
    int rc =
        is_renamed ? prom_rename_restore(family, number, shown_as) : prom_admit_restore_alias(family, number, shown_as);
    return rc ? no_memory(reading) : 0;
}

static int read_record(struct reading *reading)
{
    switch (*reading->at++) {
    case PROM_KEPT_METRIC:
        return read_metric(reading);
    case PROM_KEPT_OTHER:
        return read_other(reading);
    case PROM_KEPT_BEGUN:
        return read_begun(reading);
    case PROM_KEPT_SERIES:
        return read_series(reading);
    case PROM_KEPT_SHOWN:
        return read_shown(reading);
    case PROM_KEPT_ALIAS:
        return read_alias(reading);
    case PROM_KEPT_VOID:
        return read_void(reading);
    case PROM_KEPT_ENDED:
        return read_ended(reading);
    default:
        return bad(reading);
    }
}

static int read_log(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint,
                    struct fx_error *err)
{
    const void *data;
    size_t size;
    int rc = 0;
    while (!rc && fx_state_entry(checkpoint, &data, &size)) {
        struct reading reading = {.store = store,
                                  .kept = kept,
                                  .at = data,
                                  .end = (const char *)data + size,
                                  .err = err,
                                  .cut = checkpoint->number};
        while (!rc && reading.at < reading.end)
            rc = read_record(&reading);
        kept->live_bytes += size;
    }
    return rc;
}

/* ---- values */

/* Records that come are later than what was kept. */
static void see_stamp(struct prom_store *store, uint64_t stamp)
{
    if (stamp > atomic_load_explicit(&store->stamp, memory_order_relaxed))
        atomic_store_explicit(&store->stamp, stamp, memory_order_relaxed);
}

/*
 * The value of a place without a series counts in 'other'. With top it counts as ended instead: in 'other' it would
 * look like new traffic.
 */
static uint64_t *target_of(const struct prom_family *family, struct prom_values *sums, uint32_t place)
{
    uint32_t number = place & ~PROM_PLACE_VOID;
    if (!family->top.limit || place != (PROM_OTHER_SERIES | PROM_PLACE_VOID))
        return &sums->values[number * family->shape.slots];
    sums->ended_at = (int64_t)(prom_clock_wall_ms() / 1000);
    return sums->ended;
}

static void add_values(struct prom_store *store, const struct prom_kept_metric *metric, const char *from,
                       struct prom_values *sums)
{
    const struct prom_family *family = &store->families[metric->family];
    struct prom_shape shape = family->shape;
    for (size_t place = 0; place < metric->count; place++) {
        uint64_t values[PROM_SLOTS_MAX];
        if (metric->places[place] == PROM_PLACE_FREE) /* it has no series */
            continue;
        memcpy(values, from + place * shape.slots * sizeof *values, shape.slots * sizeof *values);
        if (shape.is_last)
            see_stamp(store, values[PROM_SLOT_STAMP]);
        prom_shape_add(shape, target_of(family, sums, metric->places[place]), values, 1);
    }
}

static int read_metric_values(struct reading *reading, const struct prom_kept_metric *metric,
                              struct prom_snapshot *snapshot)
{
    uint64_t count;
    const char *from = NULL;
    if (!take_u64(reading, &count) || count > SIZE_MAX / sizeof count ||
        !(from = take(reading, (size_t)count * sizeof count)) ||
        (metric->family >= 0 && count && count != metric->count * reading->store->families[metric->family].shape.slots))
        return fx_error_set(reading->err, FX_EINVAL, "the values do not fit the log of series");
    if (metric->family >= 0 && count)
        add_values(reading->store, metric, from, &snapshot->families[metric->family]);
    return 0;
}

static void take_idle(const struct prom_kept_metric *metric, const char *from, struct prom_expire *expire)
{
    uint32_t now = prom_expire_now(), idle;
    for (size_t place = 0; place < metric->count; place++) {
        memcpy(&idle, from + place * sizeof idle, sizeof idle);
        if (metric->places[place] < expire->known)
            expire->active[metric->places[place]] = now - (idle < now ? idle : now);
    }
}

static int read_metric_ended(struct reading *reading, const struct prom_kept_metric *metric,
                             struct prom_snapshot *snapshot)
{
    uint64_t ended, at, count;
    const char *from = NULL;
    if (!take_u64(reading, &ended) || !take_u64(reading, &at) || !take_u64(reading, &count) || count > UINT32_MAX ||
        !(from = take(reading, (size_t)(count + count % 2) * sizeof(uint32_t))) ||
        (metric->family >= 0 && count && count != metric->count))
        return fx_error_set(reading->err, FX_EINVAL, "the values of ended series do not fit");
    if (metric->family < 0)
        return 0;
    struct prom_family *family = &reading->store->families[metric->family];
    struct prom_values *sums = &snapshot->families[metric->family];
    sums->ended[PROM_SLOT_FIRST] = prom_sum(sums->ended[PROM_SLOT_FIRST], ended);
    sums->ended_at = sums->ended_at > (int64_t)at ? sums->ended_at : sums->ended_at ? (int64_t)at + 1 : (int64_t)at;
    family->expire.ended_at = sums->ended_at;
    if (!family->expire.after_ms)
        return 0;
    if (prom_expire_reserve(&family->expire, prom_registry_count(&family->registry)))
        return no_memory(reading);
    if (count)
        take_idle(metric, from, &family->expire);
    return 0;
}

/* A metric that was not configured then has none. */
static int read_further_ended(struct reading *reading, const struct prom_kept_metric *metric,
                              struct prom_snapshot *snapshot)
{
    uint64_t further;
    const char *from = NULL;
    if (!take_u64(reading, &further) || further >= PROM_SLOTS_MAX ||
        !(from = take(reading, (size_t)further * sizeof further)) ||
        (metric->family >= 0 && further && further + 1 != reading->store->families[metric->family].shape.slots))
        return fx_error_set(reading->err, FX_EINVAL, "the values of ended series do not fit");
    if (metric->family < 0)
        return 0;
    struct prom_values *sums = &snapshot->families[metric->family];
    for (size_t i = 1; i <= further; i++) {
        uint64_t one;
        memcpy(&one, from + (i - 1) * sizeof one, sizeof one);
        sums->ended[i] = prom_sum(sums->ended[i], one);
    }
    return 0;
}

static int read_weights(struct reading *reading, const struct prom_kept_metric *metric)
{
    uint64_t count;
    const char *from = NULL;
    if (!take_u64(reading, &count) || count > UINT32_MAX || !(from = take(reading, (size_t)count * sizeof(double))) ||
        (metric->family >= 0 && count && count != metric->count))
        return fx_error_set(reading->err, FX_EINVAL, "the weights do not fit");
    struct prom_top *top = metric->family < 0 ? NULL : &reading->store->families[metric->family].top;
    for (size_t place = 0; top && top->limit && place < count; place++) {
        double weight;
        memcpy(&weight, from + place * sizeof weight, sizeof weight);
        if (!(metric->places[place] & PROM_PLACE_VOID) && prom_top_restore_weight(top, metric->places[place], weight))
            return no_memory(reading);
    }
    return 0;
}

/* Older versions know nothing of ended series, or of their further slots, or of weights. */
static int read_values(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint,
                       struct prom_snapshot *snapshot, struct fx_error *err)
{
    size_t size;
    const char *data = fx_state_values(checkpoint, &size);
    struct reading reading = {.store = store, .kept = kept, .at = data, .end = data ? data + size : data, .err = err};
    int rc = 0;
    for (size_t i = 0; i < kept->count && !rc; i++)
        rc = read_metric_values(&reading, &kept->metrics[i], snapshot);
    for (size_t i = 0; i < kept->count && !rc && reading.at < reading.end; i++)
        rc = read_metric_ended(&reading, &kept->metrics[i], snapshot);
    for (size_t i = 0; i < kept->count && !rc && reading.at < reading.end; i++)
        rc = read_further_ended(&reading, &kept->metrics[i], snapshot);
    for (size_t i = 0; i < kept->count && !rc && reading.at < reading.end; i++)
        rc = read_weights(&reading, &kept->metrics[i]);
    return rc;
}

/* Computes what is known only when everything was read. */
static int end_reading(struct prom_kept *kept, struct prom_store *store, struct fx_error *err)
{
    int rc = prom_expire_restored(store);
    if (!rc)
        rc = prom_top_restored(store);
    for (size_t i = 0; i < kept->count && !rc; i++)
        rc = prom_kept_collect_free(&kept->metrics[i]);
    return rc ? fx_error_set(err, FX_ENOMEM, "out of memory") : 0;
}

int prom_kept_read(struct prom_kept *kept, struct prom_store *store, const struct fx_checkpoint *checkpoint,
                   struct fx_error *err)
{
    prom_kept_fini(kept);
    for (unsigned i = 0; i < store->family_count; i++)
        memset(store->families[i].expire.ended, 0, sizeof store->families[i].expire.ended);
    int rc = checkpoint->number ? read_log(kept, store, checkpoint, err) : 0;
    struct prom_snapshot *snapshot = rc ? NULL : prom_snapshot_zero(store, checkpoint->number);
    if (!rc && !snapshot)
        rc = fx_error_set(err, FX_ENOMEM, "out of memory");
    if (!rc && checkpoint->number)
        rc = read_values(kept, store, checkpoint, snapshot, err);
    if (!rc)
        rc = end_reading(kept, store, err);
    for (unsigned i = 0; i < store->family_count; i++) {
        prom_admit_restart(&store->families[i].admit);
        prom_admit_forget_fresh(&store->families[i].admit);
    }
    if (rc) {
        prom_kept_fini(kept);
        prom_snapshot_unref(snapshot);
        return rc;
    }
    prom_kept_accept(kept);
    prom_snapshot_expose(store, snapshot);
    return 0;
}
