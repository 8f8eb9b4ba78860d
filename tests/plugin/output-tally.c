/*
 * A test output, and the example of an output with state in docs/plugins.md. It counts records by a field's text,
 * and shows the counts in a file. The counts go on over restarts: each text is an entry of the log, and its count is
 * a value.
 *
 * Workers count under the lock. Texts are in the order in which they came, and so are entries and values: the first
 * count belongs to the first text.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

struct tally_options {
    const char *file, *field;
    int64_t failing_cuts;
    const char *calls;
};

struct tally_text {
    char *text;
    size_t size;
};

struct tally {
    struct fx_instance *instance;
    const struct tally_options *options;
    int field;
    pthread_mutex_t lock;
    struct tally_text *texts;
    uint64_t *counts;
    size_t count, capacity;

    uint64_t *cut_counts, *committed_counts; /* copies */
    size_t cut_count, committed_count;
    int64_t cuts;
    size_t logged, logged_now; /* texts in the log: of the last committed checkpoint, of the one under way */
};

static void forget(struct tally *tally, size_t count)
{
    while (tally->count > count)
        free(tally->texts[--tally->count].text);
}

static void tally_destroy(void *self)
{
    struct tally *tally = self;
    forget(tally, 0);
    free(tally->texts);
    free(tally->counts);
    free(tally->cut_counts);
    free(tally->committed_counts);
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

static int tally_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct tally_options *tally_options = options;
    const struct fx_claim claim = {.path = tally_options->field, .type = FX_TEXT, .option = "field"};
    int field = fx_claim(instance, &claim, err);
    struct tally *tally = field < 0 ? NULL : calloc(1, sizeof *tally);
    if (!tally)
        return field < 0 ? field : fx_error_set(err, FX_ENOMEM, "no memory");
    tally->instance = instance;
    tally->options = options;
    tally->field = field;
    pthread_mutex_init(&tally->lock, NULL);
    *self = tally;
    return 0;
}

static int add_text(struct tally *tally, const void *text, size_t size)
{
    if (tally->count == tally->capacity) {
        size_t capacity = tally->capacity ? 2 * tally->capacity : 16;
        struct tally_text *texts = realloc(tally->texts, capacity * sizeof *texts);
        tally->texts = texts ? texts : tally->texts;
        uint64_t *counts = texts ? realloc(tally->counts, capacity * sizeof *counts) : NULL;
        if (!counts)
            return FX_ENOMEM;
        tally->counts = counts;
        tally->capacity = capacity;
    }
    char *copy = malloc(size + 1);
    if (!copy)
        return FX_ENOMEM;
    memcpy(copy, text, size);
    tally->texts[tally->count] = (struct tally_text){copy, size};
    tally->counts[tally->count++] = 0;
    return 0;
}

static size_t find(const struct tally *tally, const char *text, size_t size)
{
    size_t at = 0;
    while (at < tally->count && (tally->texts[at].size != size || memcmp(tally->texts[at].text, text, size) != 0))
        at++;
    return at;
}

static enum fx_verdict tally_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct tally *tally = self;
    (void)worker;
    pthread_mutex_lock(&tally->lock);
    for (uint32_t i = 0; i < batch->rows; i++) {
        const struct fx_value *value = &fx_batch_row(batch, i)[tally->field];
        const char *text = value->type == FX_TEXT ? value->text : "";
        size_t size = value->type == FX_TEXT ? value->size : 0, at = find(tally, text, size);
        if (at == tally->count && add_text(tally, text, size)) {
            pthread_mutex_unlock(&tally->lock);
            return FX_FATAL;
        }
        tally->counts[at]++;
    }
    pthread_mutex_unlock(&tally->lock);
    return FX_OK;
}

static int copy_counts(uint64_t **to, size_t *to_count, const uint64_t *from, size_t count)
{
    uint64_t *copy = realloc(*to, (count + 1) * sizeof *copy);
    if (!copy)
        return FX_ENOMEM;
    *to = copy;
    *to_count = count;
    if (count)
        memcpy(copy, from, count * sizeof *copy);
    return 0;
}

static int tally_cut(void *self, uint64_t number, struct fx_error *err)
{
    struct tally *tally = self;
    calls_note(tally->options->calls, "cut %llu", (unsigned long long)number);
    if (tally->cuts++ < tally->options->failing_cuts)
        return fx_error_set(err, FX_EIO, "the copy failed, as failing_cuts says");
    if (copy_counts(&tally->cut_counts, &tally->cut_count, tally->counts, tally->count))
        return fx_error_set(err, FX_ENOMEM, "no memory");
    return 0;
}

/* Workers may still add texts to the list, but the texts up to cut_count belong to the cut. */
static enum fx_verdict tally_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct tally *tally = self;
    (void)err;
    pthread_mutex_lock(&tally->lock);
    for (size_t i = checkpoint->rewrite_log ? 0 : tally->logged; i < tally->cut_count; i++)
        fx_state_log(checkpoint, tally->texts[i].text, tally->texts[i].size);
    pthread_mutex_unlock(&tally->lock);
    tally->logged_now = tally->cut_count;
    fx_state_put(checkpoint, tally->cut_counts, tally->cut_count * sizeof *tally->cut_counts);
    calls_note(tally->options->calls, "prepare %llu%s%s", (unsigned long long)checkpoint->number,
               checkpoint->state ? "" : " without state", checkpoint->rewrite_log ? ", log anew" : "");
    return FX_OK;
}

static void show(struct tally *tally)
{
    char name[512]; /* a reader sees either the old counts or the new ones */
    snprintf(name, sizeof name, "%s.new", tally->options->file);
    FILE *file = fopen(name, "we");
    pthread_mutex_lock(&tally->lock);
    for (size_t i = 0; file && i < tally->committed_count; i++)
        fprintf(file, "%.*s %llu\n", (int)tally->texts[i].size, tally->texts[i].text,
                (unsigned long long)tally->committed_counts[i]);
    pthread_mutex_unlock(&tally->lock);
    if (file && fclose(file) == 0)
        (void)!rename(name, tally->options->file);
}

static void tally_committed(void *self, uint64_t number)
{
    struct tally *tally = self;
    uint64_t *old = tally->committed_counts;
    (void)number;
    tally->committed_counts = tally->cut_counts;
    tally->committed_count = tally->cut_count;
    tally->cut_counts = old;
    tally->logged = tally->logged_now;
    show(tally);
}

static void tally_rolled_back(void *self, uint64_t number)
{
    struct tally *tally = self;
    (void)number;
    forget(tally, tally->committed_count);
    if (tally->committed_count)
        memcpy(tally->counts, tally->committed_counts, tally->committed_count * sizeof *tally->counts);
}

/* In the form of `prepare`: "restore NUMBER TAG STREAM@OFFSET...". */
static void note_restore(const struct tally *tally, const struct fx_checkpoint *checkpoint)
{
    char positions[256] = "";
    size_t size = 0;
    for (size_t i = 0; i < checkpoint->position_count && size < sizeof positions; i++)
        size += (size_t)snprintf(positions + size, sizeof positions - size, " %s@%lld", checkpoint->positions[i].stream,
                                 (long long)checkpoint->positions[i].offset);
    calls_note(tally->options->calls, "restore %llu of %s tag=%s%s%s", (unsigned long long)checkpoint->number,
               checkpoint->identity, checkpoint->tag, positions, checkpoint->state ? "" : " without state");
}

static int tally_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct tally *tally = self;
    const void *text;
    size_t size;
    forget(tally, 0);
    while (fx_state_entry(checkpoint, &text, &size))
        if (add_text(tally, text, size))
            return fx_error_set(err, FX_ENOMEM, "no memory");
    const void *counts = fx_state_values(checkpoint, &size);
    if (size != tally->count * sizeof *tally->counts)
        return fx_error_set(err, FX_EINVAL, "it has %zu texts and %zu bytes of counts", tally->count, size);
    if (size)
        memcpy(tally->counts, counts, size);
    tally->logged = tally->logged_now = tally->count;
    if (copy_counts(&tally->committed_counts, &tally->committed_count, tally->counts, tally->count))
        return fx_error_set(err, FX_ENOMEM, "no memory");
    note_restore(tally, checkpoint);
    show(tally);
    return 0;
}

static const struct fx_option options[] = {
    {FX_OPTION(struct tally_options, file), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The file that shows the counts."},
    {FX_OPTION(struct tally_options, field), .type = FX_OPT_STRING, .fallback = "name",
     .help = "Counted by this field."},
    {FX_OPTION(struct tally_options, failing_cuts), .type = FX_OPT_INTEGER, .fallback = "0", .max = 100,
     .help = "How many cuts fail."},
    {FX_OPTION(struct tally_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,
    .name = "output-tally",
    .version = "1",
    .summary = "Counts records by a field, over restarts.",
    .options = options,
    .options_size = sizeof(struct tally_options),
    .create = tally_create,
    .destroy = tally_destroy,
    .write = tally_write,
    .cut = tally_cut,
    .prepare = tally_prepare,
    .committed = tally_committed,
    .rolled_back = tally_rolled_back,
    .restore = tally_restore,
};
