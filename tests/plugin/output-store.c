/*
 * A test output, and the example in docs/plugins.md of an output with a store of its own, in two phases. It counts
 * records by a field's text. Its store is a folder with two files:
 *
 *   staged   What prepare has stored: the checkpoint's identity and number, and what was counted since the last
 *            committed one.
 *   stored   The sums of all committed checkpoints, with the identity and number of the last one.
 *
 * When a checkpoint was committed, "staged" is added to "stored" in one step: stored has the number, so nothing is added
 * twice. After a crash restore says which checkpoint was committed last. If its number is the staged one, that step is
 * still to do.
 *
 * Calls are serialized, so there are no locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

#define TEXT_MAX 63

struct store_options {
    const char *folder, *field, *down, *full;
    int answer;
    const char *calls;
};

struct store_count {
    char text[TEXT_MAX + 1];
    uint64_t count;
};

/* One of the files, or what is in memory. */
struct store_sums {
    char identity[64];
    uint64_t number;
    struct store_count *counts;
    size_t count, capacity;
};

struct store {
    struct fx_instance *instance;
    const struct store_options *options;
    int field;
    struct store_sums now, cut; /* since the last committed checkpoint */
};

static int store_add(struct store_sums *sums, const char *text, uint64_t count)
{
    size_t at = 0;
    while (at < sums->count && strcmp(sums->counts[at].text, text) != 0)
        at++;
    if (at == sums->capacity) {
        size_t capacity = sums->capacity ? 2 * sums->capacity : 16;
        struct store_count *counts = realloc(sums->counts, capacity * sizeof *counts);
        if (!counts)
            return FX_ENOMEM;
        sums->counts = counts;
        sums->capacity = capacity;
    }
    if (at == sums->count) {
        sums->counts[at] = (struct store_count){.count = 0};
        snprintf(sums->counts[at].text, sizeof sums->counts[at].text, "%s", text);
        sums->count++;
    }
    sums->counts[at].count += count;
    return 0;
}

static int store_add_all(struct store_sums *sums, const struct store_sums *more)
{
    int rc = 0;
    for (size_t i = 0; i < more->count && !rc; i++)
        rc = store_add(sums, more->counts[i].text, more->counts[i].count);
    return rc;
}

/* ---- the files */

static int store_read(const struct store *store, const char *name, struct store_sums *sums)
{
    char path[512], text[TEXT_MAX + 1];
    uint64_t count;
    int rc = 0;
    *sums = (struct store_sums){.number = 0};
    snprintf(path, sizeof path, "%s/%s", store->options->folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 0 : FX_EIO;
    if (fscanf(file, "%63s %" SCNu64, sums->identity, &sums->number) != 2)
        rc = FX_EIO;
    while (!rc && fscanf(file, "%63s %" SCNu64, text, &count) == 2)
        rc = store_add(sums, text, count);
    fclose(file);
    return rc;
}

/* The file has the old content or the new one, and is on the disk. */
static int store_write(const struct store *store, const char *name, const char *identity, uint64_t number,
                       const struct store_sums *sums)
{
    char path[512], temporary[520];
    snprintf(path, sizeof path, "%s/%s", store->options->folder, name);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return FX_EIO;
    fprintf(file, "%s %" PRIu64 "\n", identity, number);
    for (size_t i = 0; i < sums->count; i++)
        fprintf(file, "%s %" PRIu64 "\n", sums->counts[i].text, sums->counts[i].count);
    int failed = fflush(file) || fdatasync(fileno(file));
    failed |= fclose(file);
    return failed || rename(temporary, path) ? FX_EIO : 0;
}

/* Adds what is staged to what is stored, unless that is done. */
static int store_complete(const struct store *store, const char *identity, uint64_t number)
{
    struct store_sums staged, stored;
    int rc = store_read(store, "staged", &staged);
    int rc_stored = store_read(store, "stored", &stored);
    bool is_done = stored.number == number && strcmp(stored.identity, identity) == 0;
    bool is_staged = staged.number == number && strcmp(staged.identity, identity) == 0;
    rc = rc ? rc : rc_stored;
    if (!rc && !is_done && is_staged)
        rc = store_add_all(&stored, &staged);
    if (!rc && !is_done && is_staged)
        rc = store_write(store, "stored", identity, number, &stored);
    free(staged.counts);
    free(stored.counts);
    return rc;
}

/* ---- the output */

static void store_destroy(void *self)
{
    struct store *store = self;
    free(store->now.counts);
    free(store->cut.counts);
    free(store);
}

static int store_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct store_options *store_options = options;
    const struct fx_claim claim = {.path = store_options->field, .type = FX_TEXT, .option = "field"};
    int field = fx_claim(instance, &claim, err);
    struct store *store = field < 0 ? NULL : calloc(1, sizeof *store);
    if (!store)
        return field < 0 ? field : fx_error_set(err, FX_ENOMEM, "no memory");
    store->instance = instance;
    store->options = options;
    store->field = field;
    *self = store;
    return 0;
}

/* All rows are taken or none: a batch that is offered again is whole. */
static enum fx_verdict store_take(void *self, void *worker, const struct fx_batch *batch)
{
    struct store *store = self;
    (void)worker;
    if (store->options->full && access(store->options->full, F_OK) == 0) {
        calls_note(store->options->calls, "full");
        return FX_RETRY;
    }
    for (uint32_t i = 0; i < batch->rows; i++) {
        const struct fx_value *value = &fx_batch_row(batch, i)[store->field];
        char text[TEXT_MAX + 1] = "-";
        if (value->type == FX_TEXT && value->size)
            snprintf(text, sizeof text, "%.*s", (int)value->size, value->text);
        if (store_add(&store->now, text, 1))
            return FX_FATAL;
    }
    calls_note(store->options->calls, "taken");
    return FX_OK;
}

/* Everything since the last committed checkpoint, so a cut that was void is in the next one. */
static int store_cut(void *self, uint64_t number, struct fx_error *err)
{
    struct store *store = self;
    store->cut.count = 0;
    store->cut.number = number;
    return store_add_all(&store->cut, &store->now) ? fx_error_set(err, FX_ENOMEM, "no memory") : 0;
}

/* Replaces what was staged before: another cut that was never committed. */
static enum fx_verdict store_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    static const enum fx_verdict answers[] = {FX_RETRY, FX_AGAIN, FX_DROP, FX_FATAL};
    const struct store *store = self;
    const struct store_options *options = store->options;
    if (options->down && access(options->down, F_OK) == 0) {
        calls_note(options->calls, "down %" PRIu64, checkpoint->number);
        fx_error_set(err, FX_EIO, "the store is down");
        return answers[options->answer];
    }
    if (store_write(store, "staged", checkpoint->identity, checkpoint->number, &store->cut)) {
        fx_error_set(err, FX_EIO, "can't write in %s: %s", options->folder, strerror(errno));
        return FX_RETRY;
    }
    snprintf(((struct store *)self)->cut.identity, sizeof store->cut.identity, "%s", checkpoint->identity);
    calls_note(options->calls, "staged %" PRIu64, checkpoint->number);
    return FX_OK;
}

/* What was counted after the cut stays. */
static void store_committed(void *self, uint64_t number)
{
    struct store *store = self;
    for (size_t i = 0; i < store->cut.count; i++)
        store->now.counts[i].count -= store->cut.counts[i].count; /* both have the same order */
    if (store_complete(store, store->cut.identity, number))
        fx_log(store->instance, FX_LOG_ERROR, "What is staged can't be completed; the next start does it.", NULL);
    calls_note(store->options->calls, "stored %" PRIu64, number);
}

static void store_rolled_back(void *self, uint64_t number)
{
    struct store *store = self;
    (void)number;
    store->now.count = store->cut.count = 0;
}

/* What is staged under another number stays: restore may be called once more, and prepare replaces it. */
static int store_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct store *store = self;
    store->now.count = store->cut.count = 0;
    if (checkpoint->number && store_complete(store, checkpoint->identity, checkpoint->number))
        return fx_error_set(err, FX_EIO, "can't complete what is staged in %s", store->options->folder);
    calls_note(store->options->calls, "restore %" PRIu64, checkpoint->number);
    return 0;
}

static const char *const answers[] = {"retry", "again", "drop", "fatal", NULL};

static const struct fx_option options[] = {
    {FX_OPTION(struct store_options, folder), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The folder of the store."},
    {FX_OPTION(struct store_options, field), .type = FX_OPT_STRING, .fallback = "name",
     .help = "Counted by this field."},
    {FX_OPTION(struct store_options, down), .type = FX_OPT_STRING,
     .help = "While this file exists, no checkpoint is stored."},
    {FX_OPTION(struct store_options, answer), .type = FX_OPT_ENUM, .fallback = "retry", .choices = answers,
     .help = "What prepare answers then."},
    {FX_OPTION(struct store_options, full), .type = FX_OPT_STRING,
     .help = "While this file exists, no batch is taken."},
    {FX_OPTION(struct store_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,
    .name = "output-store",
    .version = "1",
    .summary = "Keeps counts in a store of its own, each record once.",
    .options = options,
    .options_size = sizeof(struct store_options),
    .flags = FX_PLUGIN_SERIALIZED | FX_PLUGIN_MUST_NOT_LOSE,
    .create = store_create,
    .destroy = store_destroy,
    .write = store_take,
    .cut = store_cut,
    .prepare = store_prepare,
    .committed = store_committed,
    .rolled_back = store_rolled_back,
    .restore = store_restore,
};
