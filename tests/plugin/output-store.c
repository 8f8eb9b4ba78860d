/*
 * A test output, and the example in docs/plugins.md of an output with a store of its own, in two phases. It counts
 * records by a field's text. Its store is a folder with two files:
 *
 *   staged   What prepare has stored: the checkpoint's identity, number and positions, and what was counted since the
 *            last committed one.
 *   stored   The sums of all committed checkpoints, with the identity and number of the last one.
 *
 * When a checkpoint was committed, "staged" is added to "stored" in one step: stored has the number, so nothing is added
 * twice. After a crash restore says which checkpoint was committed last. If its number is the staged one, that step is
 * still to do.
 *
 * When the state directory is lost, nothing tells so any more, and the identity is a new one. Then the first prepare asks
 * whether the staged checkpoint was accepted, and counts it or drops it.
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
#define ASK_MS   200

struct store_options {
    const char *folder, *field, *down, *full;
    int answer;
    bool misuse;
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
    struct fx_position *positions; /* of the staged checkpoint; owned, as the streams' names are */
    size_t position_count;
};

struct store {
    struct fx_instance *instance;
    const struct store_options *options;
    int field;
    struct store_sums now, cut; /* since the last committed checkpoint */
    /* The checkpoint that was committed but is not completed yet. number 0: none. */
    char identity[64];
    uint64_t number;
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

static void store_forget(struct store_sums *sums)
{
    for (size_t i = 0; i < sums->position_count; i++)
        free((void *)(uintptr_t)sums->positions[i].stream);
    free(sums->positions);
    free(sums->counts);
    *sums = (struct store_sums){.number = 0};
}

/* ---- the files: "IDENTITY NUMBER", then "TEXT COUNT" for each text, then "@ PARTITION OFFSET STREAM" */

static int store_add_position(struct store_sums *sums, const char *stream, int partition, int64_t offset)
{
    struct fx_position *positions = realloc(sums->positions, (sums->position_count + 1) * sizeof *positions);
    char *copy = positions ? strdup(stream) : NULL;
    sums->positions = positions ? positions : sums->positions;
    if (!copy)
        return FX_ENOMEM;
    sums->positions[sums->position_count++] =
        (struct fx_position){.stream = copy, .partition = partition, .offset = offset};
    return 0;
}

static int store_read_lines(FILE *file, struct store_sums *sums)
{
    char line[400], text[TEXT_MAX + 1], stream[256];
    uint64_t count;
    int64_t offset;
    int partition, rc = fscanf(file, "%63s %" SCNu64 "\n", sums->identity, &sums->number) == 2 ? 0 : FX_EIO;
    while (!rc && fgets(line, sizeof line, file)) {
        if (sscanf(line, "@ %d %" SCNd64 " %255s", &partition, &offset, stream) == 3)
            rc = store_add_position(sums, stream, partition, offset);
        else if (sscanf(line, "%63s %" SCNu64, text, &count) == 2)
            rc = store_add(sums, text, count);
        else
            rc = FX_EIO;
    }
    return rc;
}

static int store_read(const struct store *store, const char *name, struct store_sums *sums)
{
    char path[512];
    *sums = (struct store_sums){.number = 0};
    snprintf(path, sizeof path, "%s/%s", store->options->folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 0 : FX_EIO;
    int rc = store_read_lines(file, sums);
    fclose(file);
    return rc;
}

/* The file has the old content or the new one, and is on the disk. */
static int store_write(const struct store *store, const char *name, const struct fx_checkpoint *checkpoint,
                       const struct store_sums *sums)
{
    char path[512], temporary[520];
    snprintf(path, sizeof path, "%s/%s", store->options->folder, name);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return FX_EIO;
    fprintf(file, "%s %" PRIu64 "\n", checkpoint->identity, checkpoint->number);
    for (size_t i = 0; i < sums->count; i++)
        fprintf(file, "%s %" PRIu64 "\n", sums->counts[i].text, sums->counts[i].count);
    for (size_t i = 0; i < checkpoint->position_count; i++)
        fprintf(file, "@ %d %" PRId64 " %s\n", (int)checkpoint->positions[i].partition, checkpoint->positions[i].offset,
                checkpoint->positions[i].stream);
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
    const struct fx_checkpoint done = {.identity = identity, .number = number};
    if (!rc && !is_done && is_staged)
        rc = store_write(store, "stored", &done, &stored);
    store_forget(&staged);
    store_forget(&stored);
    return rc;
}

/* ---- the output */

static void store_destroy(void *self)
{
    struct store *store = self;
    store_forget(&store->now);
    store_forget(&store->cut);
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
    struct fx_error err = FX_ERROR_INIT;
    const struct fx_checkpoint asked = {.identity = "somebody", .number = 1};
    if (store->options->misuse) /* the wrong place to ask */
        calls_note(store->options->calls, "asked in write: %d: %s",
                   (int)fx_checkpoint_accepted(store->instance, &asked, ASK_MS, &err), err.message);
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

/*
 * What an earlier process has staged under another identity: it is counted if it was accepted, and otherwise read again.
 * The file is replaced afterwards. Its number is in "stored" then, so it is not counted twice.
 */
static enum fx_verdict settle(const struct store *store, const char *identity, struct fx_error *err)
{
    struct store_sums staged;
    enum fx_verdict verdict = FX_OK;
    if (store_read(store, "staged", &staged))
        verdict = FX_RETRY;
    else if (staged.number && strcmp(staged.identity, identity) != 0) {
        const struct fx_checkpoint asked = {.identity = staged.identity,
                                            .number = staged.number,
                                            .positions = staged.positions,
                                            .position_count = staged.position_count};
        verdict = fx_checkpoint_accepted(store->instance, &asked, ASK_MS, err);
        calls_note(store->options->calls, "accepted: %d", (int)verdict);
        if (verdict == FX_OK && store_complete(store, staged.identity, staged.number))
            verdict = FX_RETRY;
        else if (verdict == FX_DROP)
            verdict = FX_OK;
    }
    store_forget(&staged);
    return verdict;
}

/* Until the committed checkpoint is complete, "staged" is the only place that has its counts. */
static int complete_committed(struct store *store)
{
    int rc = store->number ? store_complete(store, store->identity, store->number) : 0;
    if (!rc)
        store->number = 0;
    return rc;
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
    if (complete_committed(self)) {
        calls_note(options->calls, "not complete %" PRIu64, checkpoint->number);
        fx_error_set(err, FX_EIO, "what was committed can't be completed in %s", options->folder);
        return FX_RETRY;
    }
    enum fx_verdict verdict = settle(store, checkpoint->identity, err);
    if (verdict != FX_OK) /* as long as there is nothing to stage, the question can wait */
        return store->cut.count ? verdict : FX_OK;
    if (store_write(store, "staged", checkpoint, &store->cut)) {
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
    snprintf(store->identity, sizeof store->identity, "%s", store->cut.identity);
    store->number = number;
    bool is_complete = complete_committed(store) == 0;
    if (!is_complete)
        fx_log(store->instance, FX_LOG_ERROR, "What is staged can't be completed; the next prepare tries it again.",
               NULL);
    calls_note(store->options->calls, is_complete ? "stored %" PRIu64 : "not stored %" PRIu64, number);
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
    store->number = 0;
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
    {FX_OPTION(struct store_options, misuse), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether it asks for accepted checkpoints where it must not."},
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
