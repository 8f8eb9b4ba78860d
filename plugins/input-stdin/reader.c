/*
 * Standard input in blocks: what has come is handed over, and the feed takes whole records and elements of lists. What is
 * cut stays for the next poll. The buffer holds the longest record that is allowed, so memory is bounded, however long a
 * list is. The worker's thread.
 */
#include "reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"

/* One read. Its bytes are decoded from the processor's second-level cache, where the kernel has put them. */
#define BLOCK_BYTES ((size_t)256 * 1024)
#define PAUSE_MS    20 /* a sender without a pause has sent more by then */

struct reader {
    struct fx_instance *instance;
    const struct stdin_options *options;
    struct fx_stream *stream; /* NULL before the first poll */
    char *buffer;
    size_t capacity;
    size_t size;   /* bytes in buffer */
    size_t pushed; /* of these, handed over by the last poll */
    int64_t lines; /* handed over so far */
    size_t enough; /* nothing was taken of half of this: more is read first, as long as it comes */
    bool skipping; /* inside a line that is too long */
    bool in_list;  /* the last record that was taken is in a list that has not ended */
    bool ended;
    int64_t left; /* at the stop: bytes to take that were in the pipe then; -1: that is not known yet */
};

int stdin_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    reader->instance = instance;
    reader->left = -1;
    reader->options = options;
    reader->capacity = (size_t)reader->options->max_line + 1;
    reader->buffer = malloc(reader->capacity);
    *self = reader;
    if (reader->buffer)
        return 0;
    stdin_destroy(reader);
    return fx_error_set(err, FX_ENOMEM, "no memory for a line of %zu bytes", reader->capacity);
}

void stdin_destroy(void *self)
{
    struct reader *reader = self;
    free(reader->buffer);
    free(reader);
}

/* Drops the bytes that the last poll handed over. */
static void forget_pushed(struct reader *reader)
{
    if (!reader->pushed)
        return;
    reader->size -= reader->pushed;
    memmove(reader->buffer, reader->buffer + reader->pushed, reader->size);
    reader->pushed = 0;
}

/* The first bytes of the buffer have been taken. */
static void count_taken(struct reader *reader, size_t taken)
{
    reader->lines += stdin_count_lines(reader->buffer, taken);
    reader->pushed = taken;
}

/* Hands over whole records and elements. The rest stays for the next poll. */
static enum fx_verdict push_piece(struct reader *reader, struct fx_feed *feed, size_t size, enum fx_piece piece)
{
    struct fx_payload payload = {.data = reader->buffer, .size = size, .offset = reader->lines};
    struct fx_taken taken;
    enum fx_verdict verdict = fx_feed_push_piece(feed, reader->stream, &payload, piece, &taken);
    count_taken(reader, taken.bytes);
    reader->in_list = taken.in_list;
    fx_stream_advance(feed, reader->stream, reader->lines);
    return verdict;
}

/* All that is left. The last line may lack its newline. */
static enum fx_verdict push_rest(struct reader *reader, struct fx_feed *feed)
{
    struct fx_payload payload = {.data = reader->buffer, .size = reader->size, .offset = reader->lines};
    count_taken(reader, reader->size);
    if (reader->size && reader->buffer[reader->size - 1] != '\n')
        reader->lines++;
    payload.next = reader->lines;
    return fx_feed_push(feed, reader->stream, &payload);
}

/* A line that is too long to begin with: its start is in the buffer, and is all that will ever be. */
static void reject_line(struct reader *reader, struct fx_feed *feed)
{
    struct fx_payload payload = {
        .data = reader->buffer, .size = reader->size, .offset = reader->lines, .next = reader->lines + 1};
    fx_feed_reject(feed, reader->stream, &payload, FX_REJECT_TOO_LONG);
    reader->lines++;
    reader->size = 0;
    reader->skipping = true;
}

/* Drops what belongs to the line that is too long. */
static void skip_rest_of_line(struct reader *reader)
{
    char *newline = memchr(reader->buffer, '\n', reader->size);
    reader->skipping = !newline;
    size_t drop = newline ? (size_t)(newline - reader->buffer) + 1 : reader->size;
    reader->size -= drop;
    memmove(reader->buffer, reader->buffer + drop, reader->size);
}

/* The buffer is full and nothing of it was taken. In the middle of a record that spans lines, it is given up to its last line. */
static enum fx_verdict make_room(struct reader *reader, struct fx_feed *feed)
{
    char *newline = memrchr(reader->buffer, '\n', reader->size);
    if (newline)
        return push_piece(reader, feed, (size_t)(newline - reader->buffer) + 1, FX_PIECE_FORCED);
    reject_line(reader, feed);
    return FX_OK;
}

/* The end counts as more. */
static bool comes_more(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, PAUSE_MS) == 1;
}

/*
 * A cut record is decoded again from its beginning. So a record of many blocks is tried only when it has doubled in
 * size, or when nothing more comes.
 */
static enum fx_verdict push_records(struct reader *reader, struct fx_feed *feed)
{
    if (reader->skipping)
        skip_rest_of_line(reader);
    if (!reader->size)
        return FX_AGAIN;
    if (reader->size < reader->enough && comes_more())
        return FX_OK;
    enum fx_verdict verdict = push_piece(reader, feed, reader->size, FX_PIECE_OPEN);
    reader->enough = reader->pushed ? 0 : 2 * reader->size;
    if (reader->enough > reader->capacity)
        reader->enough = reader->capacity;
    if (verdict == FX_OK && !reader->pushed && reader->size > (size_t)reader->options->max_line)
        verdict = make_room(reader, feed);
    return verdict;
}

static enum fx_verdict end_of_input(struct reader *reader, struct fx_feed *feed)
{
    reader->ended = true;
    if (reader->skipping)
        reader->size = 0;
    if ((reader->size || reader->in_list) && push_rest(reader, feed) == FX_FATAL)
        return FX_FATAL;
    if (!reader->options->serve_after_end)
        return FX_END;
    fx_log(reader->instance, FX_LOG_INFO, "Standard input has ended; its counters are still served.", "lines=%lld",
           (long long)reader->lines);
    return FX_OK;
}

static enum fx_verdict read_block(struct reader *reader, struct fx_feed *feed, size_t most)
{
    size_t room = reader->capacity - reader->size;
    ssize_t got = read(STDIN_FILENO, reader->buffer + reader->size, room < most ? room : most);
    if (got > 0) {
        reader->left -= reader->left > 0 ? got : 0;
        reader->size += (size_t)got;
        return push_records(reader, feed);
    }
    if (got == 0)
        return end_of_input(reader, feed);
    if (errno == EINTR || errno == EAGAIN)
        return FX_AGAIN;
    fx_log(reader->instance, FX_LOG_ERROR, "Standard input can't be read.", "reason=%s", strerror(errno));
    return FX_FATAL;
}

static enum fx_verdict wait_idle(int timeout_ms)
{
    struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    nanosleep(&time, NULL);
    return FX_AGAIN;
}

enum fx_verdict stdin_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    (void)worker;
    struct reader *reader = self;
    if (!reader->stream && !(reader->stream = fx_stream_begin(feed, "stdin", -1, 0)))
        return FX_RETRY;
    forget_pushed(reader);
    if (reader->ended)
        return wait_idle(timeout_ms);
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&in, 1, timeout_ms);
    if (ready <= 0)
        return ready == 0 || errno == EINTR ? FX_AGAIN : FX_FATAL;
    return read_block(reader, feed, BLOCK_BYTES);
}

/* The number of bytes that can be read at once. A file counts as none: it can be read again. */
static int64_t bytes_there(void)
{
    struct stat status;
    int bytes;
    if (fstat(STDIN_FILENO, &status) || S_ISREG(status.st_mode) || ioctl(STDIN_FILENO, FIONREAD, &bytes))
        return 0;
    return bytes;
}

/* No more than was there at the stop: a producer that goes on writing would never end. */
enum fx_verdict stdin_drain(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    (void)worker, (void)timeout_ms;
    struct reader *reader = self;
    if (!reader->stream || reader->ended)
        return FX_END;
    if (reader->left < 0)
        reader->left = bytes_there();
    forget_pushed(reader);
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!reader->left || poll(&in, 1, 0) <= 0) /* another process may read from the same pipe */
        return FX_END;
    enum fx_verdict verdict =
        read_block(reader, feed, reader->left < (int64_t)BLOCK_BYTES ? (size_t)reader->left : BLOCK_BYTES);
    return verdict == FX_AGAIN ? FX_OK : verdict; /* a part of a record: the rest may be there */
}

void stdin_stop(void *self, int timeout_ms)
{
    (void)timeout_ms;
    struct reader *reader = self;
    int64_t bytes = reader->ended ? 0 : bytes_there() + (int64_t)(reader->size - reader->pushed);
    if (bytes)
        fx_log(reader->instance, FX_LOG_WARN, "Standard input was not read to its end.", "bytes=%lld",
               (long long)bytes);
}
