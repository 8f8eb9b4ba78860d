/*
 * A test output, and the example of an output in docs/plugins.md. It writes the claimed fields of each record as a
 * line of a file, but only after the positions of the records are committed. So no line is ever taken back.
 *
 * Workers add to the buffer under the lock. The checkpoint operations come one at a time. Only they use size_cut and
 * prepare_count.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

struct rows_options {
    const char *file;
    struct fx_list fields;
    struct fx_list answers, prepares;
    const char *calls;
};

struct rows {
    struct fx_instance *instance;
    const struct rows_options *options;
    int *fields;
    FILE *file;
    size_t size_cut; /* bytes of buffer that are in the cut */
    size_t prepare_count;
    pthread_mutex_t lock;
    size_t writes; /* answers given so far; this and the next three under lock */
    char *buffer;  /* lines that are not committed */
    size_t size, capacity;
};

enum rows_metric { ROWS_SHOWN, ROWS_TAKEN_BACK };

static void rows_destroy(void *self)
{
    struct rows *rows = self;
    if (rows->file)
        fclose(rows->file);
    pthread_mutex_destroy(&rows->lock);
    free(rows->buffer);
    free(rows->fields);
    free(rows);
}

static int claim_fields(struct rows *rows, struct fx_error *err)
{
    const struct fx_list *paths = &rows->options->fields;
    for (size_t i = 0; i < paths->count; i++) {
        const struct fx_claim claim = {
            .path = paths->items[i], .type = FX_TEXT, .option = "fields", .item = paths->items[i]};
        rows->fields[i] = fx_claim(rows->instance, &claim, err);
        if (rows->fields[i] < 0)
            return rows->fields[i];
    }
    return 0;
}

static int rows_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct rows_options *rows_options = options;
    struct rows *rows = calloc(1, sizeof *rows);
    int *fields = calloc(rows_options->fields.count, sizeof *fields);
    if (!rows || !fields) {
        free(rows);
        free(fields);
        return fx_error_set(err, FX_ENOMEM, "no memory");
    }
    rows->instance = instance;
    rows->options = options;
    rows->fields = fields;
    pthread_mutex_init(&rows->lock, NULL);
    calls_note(rows_options->calls, "create");
    int rc = claim_fields(rows, err);
    if (rc) {
        rows_destroy(rows);
        return rc;
    }
    *self = rows;
    return 0;
}

static int rows_start(void *self, struct fx_error *err)
{
    struct rows *rows = self;
    calls_note(rows->options->calls, "start");
    rows->file = fopen(rows->options->file, "ae");
    if (!rows->file)
        return fx_error_option(err, rows->instance, "file", NULL, "can't open '%s': %s", rows->options->file,
                               strerror(errno));
    return 0;
}

static int add_text(struct rows *rows, const char *text, size_t size)
{
    if (rows->size + size > rows->capacity) {
        size_t capacity = (rows->size + size) * 2;
        char *buffer = realloc(rows->buffer, capacity);
        if (!buffer)
            return -1;
        rows->buffer = buffer;
        rows->capacity = capacity;
    }
    memcpy(rows->buffer + rows->size, text, size);
    rows->size += size;
    return 0;
}

static int add_value(struct rows *rows, const struct fx_value *value)
{
    static const char *const states[] = {"(pending)", "", "(unknown)"};
    char text[FX_CELL_TEXT_MAX];
    size_t size = 0;
    if (value->type == FX_TEXT)
        return add_text(rows, value->text, value->size);
    if (value->type != FX_LATE)
        return add_text(rows, "-", 1);
    enum fx_cell_state state = fx_cell_read(value->cell, text, &size);
    return state == FX_CELL_KNOWN ? add_text(rows, text, size) : add_text(rows, states[state], strlen(states[state]));
}

/* Adds all rows or, without memory, none. */
static enum fx_verdict add_rows(struct rows *rows, const struct fx_batch *batch)
{
    size_t size = rows->size, count = rows->options->fields.count;
    int failed = 0;
    for (uint32_t i = 0; i < batch->rows && !failed; i++)
        for (size_t j = 0; j < count && !failed; j++)
            failed = add_value(rows, &fx_batch_row(batch, i)[rows->fields[j]]) ||
                     add_text(rows, j + 1 < count ? "\t" : "\n", 1);
    if (failed)
        rows->size = size;
    return failed ? FX_RETRY : FX_OK;
}

/* Takes the next answer from the option. */
static enum fx_verdict next_answer(const struct fx_list *answers, size_t number, const char **said)
{
    static const char *const names[] = {"ok", "again", "retry", "drop", "", "", "fatal"};
    const char *answer = *said = number < answers->count ? answers->items[number] : "ok";
    for (int verdict = FX_OK; verdict <= FX_FATAL; verdict++)
        if (strcmp(names[verdict], answer) == 0)
            return (enum fx_verdict)verdict;
    return FX_FATAL;
}

static enum fx_verdict rows_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct rows *rows = self;
    (void)worker;
    pthread_mutex_lock(&rows->lock);
    const char *said;
    enum fx_verdict verdict = next_answer(&rows->options->answers, rows->writes++, &said);
    calls_note(rows->options->calls, "write: %s", said);
    if (verdict == FX_OK)
        verdict = add_rows(rows, batch);
    pthread_mutex_unlock(&rows->lock);
    return verdict;
}

/* No worker writes now, so the lock does not keep workers out. It makes their work visible to this thread. */
static int rows_cut(void *self, uint64_t number, struct fx_error *err)
{
    struct rows *rows = self;
    (void)err;
    pthread_mutex_lock(&rows->lock);
    rows->size_cut = rows->size;
    pthread_mutex_unlock(&rows->lock);
    calls_note(rows->options->calls, "cut %llu", (unsigned long long)number);
    return 0;
}

static enum fx_verdict rows_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct rows *rows = self;
    const char *said;
    enum fx_verdict verdict = next_answer(&rows->options->prepares, rows->prepare_count++, &said);
    calls_note(rows->options->calls, "prepare %llu%s%s", (unsigned long long)checkpoint->number, verdict ? ": " : "",
               verdict ? said : "");
    if (verdict)
        fx_error_set(err, FX_EIO, "prepares has it");
    return verdict;
}

static int64_t count_lines(const char *text, size_t size)
{
    int64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

static void rows_committed(void *self, uint64_t number)
{
    struct rows *rows = self;
    pthread_mutex_lock(&rows->lock);
    if (rows->size_cut) { /* before the first row there is no buffer */
        fwrite(rows->buffer, 1, rows->size_cut, rows->file);
        fflush(rows->file);
        fx_metric_add(rows->instance, ROWS_SHOWN, 0, count_lines(rows->buffer, rows->size_cut));
        memmove(rows->buffer, rows->buffer + rows->size_cut, rows->size - rows->size_cut);
    }
    rows->size -= rows->size_cut;
    rows->size_cut = 0;
    pthread_mutex_unlock(&rows->lock);
    calls_note(rows->options->calls, "committed %llu", (unsigned long long)number);
}

static void rows_rolled_back(void *self, uint64_t number)
{
    struct rows *rows = self;
    pthread_mutex_lock(&rows->lock);
    fx_metric_add(rows->instance, ROWS_TAKEN_BACK, 0, count_lines(rows->buffer, rows->size));
    rows->size = rows->size_cut = 0; /* committed rows are in the file and no longer here */
    pthread_mutex_unlock(&rows->lock);
    calls_note(rows->options->calls, "rolled_back %llu", (unsigned long long)number);
}

static void rows_stop(void *self, int timeout_ms)
{
    struct rows *rows = self;
    (void)timeout_ms;
    calls_note(rows->options->calls, "stop");
}

static const struct fx_option options[] = {
    {FX_OPTION(struct rows_options, file), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The file that gets the lines."},
    {FX_OPTION(struct rows_options, fields), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .min = 1, .max = 100,
     .help = "The fields of a line, in their order."},
    {FX_OPTION(struct rows_options, answers), .type = FX_OPT_LIST, .fallback = "[]",
     .help = "What the first writes answer: ok, again, retry, drop or fatal. Later ones answer ok."},
    {FX_OPTION(struct rows_options, prepares), .type = FX_OPT_LIST, .fallback = "[]",
     .help = "The same for the first calls of prepare."},
    {FX_OPTION(struct rows_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

static const struct fx_metric metrics[] = {
    [ROWS_SHOWN] = {.name = "rows_shown_total", .kind = FX_COUNTER, .help = "Lines that were written to the file."},
    [ROWS_TAKEN_BACK] = {.name = "rows_taken_back_total",
                         .kind = FX_COUNTER,
                         .help = "Lines that were not committed and were forgotten."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,
    .name = "output-rows",
    .version = "1",
    .summary = "Writes committed records to a file.",
    .options = options,
    .options_size = sizeof(struct rows_options),
    .metrics = metrics,
    .create = rows_create,
    .destroy = rows_destroy,
    .start = rows_start,
    .stop = rows_stop,
    .write = rows_write,
    .cut = rows_cut,
    .prepare = rows_prepare,
    .committed = rows_committed,
    .rolled_back = rows_rolled_back,
};
