/*
 * A test input, and the example of an input in docs/plugins.md. It pushes the lines of an option, commits its
 * position to a file and can go back.
 *
 * The worker calls poll. Another thread calls commit and rewind, and may run beside poll: so next_line is under the
 * lock. Only the worker uses the stream.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

enum lines_finish { FINISH_END, FINISH_WAIT, FINISH_FATAL };

struct lines_options {
    struct fx_list lines;
    int64_t per_poll;
    int finish;
    int64_t faults;
    bool checkpoints;
    int64_t slow_recalls;
    const char *position_file;
    struct fx_list answers;
    const char *calls;
};

struct lines {
    struct fx_instance *instance;
    const struct lines_options *options;
    struct fx_stream *stream;
    int64_t faults; /* polls that failed so far */
    size_t commits; /* commits answered so far */
    int64_t recalls;
    pthread_mutex_t lock;
    size_t next_line;
};

static int lines_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    lines->instance = instance;
    lines->options = options;
    pthread_mutex_init(&lines->lock, NULL);
    *self = lines;
    return 0;
}

static void lines_destroy(void *self)
{
    struct lines *lines = self;
    pthread_mutex_destroy(&lines->lock);
    free(lines);
}

/* Continues where the last run committed. */
static int lines_start(void *self, struct fx_error *err)
{
    struct lines *lines = self;
    const char *name = lines->options->position_file;
    FILE *file = name ? fopen(name, "re") : NULL;
    if (!file)
        return name && errno != ENOENT ? fx_error_set(err, FX_EIO, "can't read %s: %s", name, strerror(errno)) : 0;
    int read = fscanf(file, "%zu", &lines->next_line);
    fclose(file);
    if (read != 1 || lines->next_line > lines->options->lines.count)
        return fx_error_option(err, lines->instance, "position_file", NULL, "'%s' has no position in it", name);
    return 0;
}

/* The line to push now, or the number of lines. */
static size_t take_line(struct lines *lines)
{
    pthread_mutex_lock(&lines->lock);
    size_t at = lines->next_line;
    if (at < lines->options->lines.count)
        lines->next_line++;
    pthread_mutex_unlock(&lines->lock);
    return at;
}

static enum fx_verdict finish(const struct lines *lines, int timeout_ms)
{
    const struct timespec pause = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    if (lines->options->finish == FINISH_WAIT)
        nanosleep(&pause, NULL);
    return lines->options->finish == FINISH_WAIT ? FX_AGAIN : lines->options->finish == FINISH_END ? FX_END : FX_FATAL;
}

static enum fx_verdict push_line(struct lines *lines, struct fx_feed *feed, size_t at)
{
    const char *line = lines->options->lines.items[at];
    struct fx_payload payload = {.data = line, .size = strlen(line), .offset = (int64_t)at, .next = (int64_t)at + 1};
    return fx_feed_push(feed, lines->stream, &payload);
}

/*
 * A failed checkpoint does not end the input. The core has logged it, and has called rewind if the lines must be read
 * again.
 */
static void take_checkpoint(struct lines *lines, struct fx_feed *feed)
{
    struct fx_error err = FX_ERROR_INIT;
    if (lines->options->checkpoints && fx_feed_checkpoint(feed, &err))
        calls_note(lines->options->calls, "no checkpoint: %s", err.message);
}

static enum fx_verdict lines_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    struct lines *lines = self;
    (void)worker;
    if (lines->faults < lines->options->faults) {
        lines->faults++;
        return FX_RETRY;
    }
    if (!lines->stream) /* a partition below 0 means that there are none: an offset then counts lines */
        lines->stream = fx_stream_begin(feed, "lines", -1, (int64_t)lines->next_line);
    if (!lines->stream)
        return FX_FATAL;
    for (int64_t pushed = 0; pushed < lines->options->per_poll; pushed++) {
        size_t at = take_line(lines);
        if (at == lines->options->lines.count && pushed == 0)
            return finish(lines, timeout_ms);
        if (at == lines->options->lines.count)
            break;
        if (push_line(lines, feed, at) == FX_FATAL)
            return FX_FATAL;
    }
    take_checkpoint(lines, feed);
    return FX_OK;
}

/* Replaces the file in one step: the file has the old position or the new one, never a part of either. */
static int save_position(const char *name, int64_t position, const char *tag)
{
    char temporary[512];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", name) >= sizeof temporary)
        return -1;
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -1;
    int failed = fprintf(file, "%lld %s\n", (long long)position, tag) < 0;
    failed |= fclose(file);
    return failed ? -1 : rename(temporary, name);
}

/* The option lists the answers: refused, not known yet, or made but its answer lost. This takes the next one. */
static enum fx_verdict lines_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms,
                                    struct fx_error *err)
{
    struct lines *lines = self;
    const struct lines_options *options = lines->options;
    (void)timeout_ms;
    const char *answer = lines->commits < options->answers.count ? options->answers.items[lines->commits] : "ok";
    int64_t position = checkpoint->position_count ? checkpoint->positions[0].offset : 0;
    lines->commits++;
    calls_note(options->calls, "commit %llu at %lld: %s", (unsigned long long)checkpoint->number, (long long)position,
               answer);
    if (strcmp(answer, "fenced") == 0) {
        fx_error_set(err, FX_EIO, "somebody else owns the lines");
        return FX_FENCED;
    }
    if (strcmp(answer, "retry") == 0)
        return FX_RETRY;
    if (options->position_file && save_position(options->position_file, position, checkpoint->tag)) {
        fx_error_set(err, FX_EIO, "can't write %s: %s", options->position_file, strerror(errno));
        return FX_RETRY;
    }
    return strcmp(answer, "lost") == 0 ? FX_RETRY : FX_OK;
}

/*
 * Reads the tag beside the position. From the tag the core finds out which of its checkpoints was the last to be
 * accepted.
 */
static enum fx_verdict lines_recall(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err)
{
    struct lines *lines = self;
    char tag[64] = "";
    (void)timeout_ms;
    FILE *file = lines->options->position_file ? fopen(lines->options->position_file, "re") : NULL;
    if (file && fscanf(file, "%*d %63s", tag) == 1)
        fx_recall_found(recall, tag, strlen(tag));
    if (file)
        fclose(file);
    calls_note(lines->options->calls, "recall");
    if (lines->recalls++ < lines->options->slow_recalls) {
        fx_error_set(err, FX_ETIMEOUT, "the lines are slow to remember");
        return FX_RETRY;
    }
    return FX_OK;
}

static void lines_rewind(void *self, const struct fx_checkpoint *checkpoint)
{
    struct lines *lines = self;
    int64_t position = checkpoint->position_count ? checkpoint->positions[0].offset : 0;
    calls_note(lines->options->calls, "rewind to %lld", (long long)position);
    pthread_mutex_lock(&lines->lock);
    lines->next_line = (size_t)position;
    pthread_mutex_unlock(&lines->lock);
}

static const char *const finishes[] = {"end", "wait", "fatal", NULL};

static const struct fx_option options[] = {
    {FX_OPTION(struct lines_options, lines), .type = FX_OPT_LIST, .fallback = "[]", .help = "The payloads."},
    {FX_OPTION(struct lines_options, per_poll), .type = FX_OPT_INTEGER, .fallback = "1", .min = 1, .max = 1000000,
     .help = "How many of them a poll pushes."},
    {FX_OPTION(struct lines_options, finish), .type = FX_OPT_ENUM, .fallback = "end", .choices = finishes,
     .help = "What poll does after the last line."},
    {FX_OPTION(struct lines_options, faults), .type = FX_OPT_INTEGER, .fallback = "0", .max = 100,
     .help = "How many polls fail before the first line."},
    {FX_OPTION(struct lines_options, checkpoints), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether each poll ends with a checkpoint."},
    {FX_OPTION(struct lines_options, position_file), .type = FX_OPT_STRING,
     .help = "Where the committed position is kept."},
    {FX_OPTION(struct lines_options, answers), .type = FX_OPT_LIST, .fallback = "[]",
     .help = "What the first commits answer: ok, retry, lost or fenced. Later ones answer ok."},
    {FX_OPTION(struct lines_options, slow_recalls), .type = FX_OPT_INTEGER, .fallback = "0", .max = 100,
     .help = "How often recall answers that it does not know yet."},
    {FX_OPTION(struct lines_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_INPUT,          .name = "input-lines",
    .version = "1",           .summary = "Replays lines of the configuration.",
    .options = options,       .options_size = sizeof(struct lines_options),
    .max_workers = 1,         .create = lines_create,
    .destroy = lines_destroy, .start = lines_start,
    .poll = lines_poll,       .commit = lines_commit,
    .rewind = lines_rewind,   .recall = lines_recall,
};
