/*
 * The file of dead letters. Its lock guards everything. Malformed records are rare, and an input with many of them may
 * wait. If only a part of a letter can be written, this part is removed again. So every line is complete.
 */
#include "pipeline/letters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/regular.h"
#include "util/str.h"
#include "util/utf8.h"

/*
 * Beyond this size, letters are written before a checkpoint asks. Beyond twice this size and one letter, none are
 * taken.
 */
#define BUFFER_BYTES ((size_t)256 * 1024)

struct fxi_letters {
    pthread_mutex_t lock;
    const char *name;
    int fd;
    int64_t max_bytes;
    struct fxi_str buffer;
    uint64_t buffered, unsynced, stored; /* numbers of letters */
};

/* Ends a last line that a crash of the machine has truncated, so that the next letter begins a line. */
static void end_last_line(int fd)
{
    struct stat stat;
    char last;
    bool torn = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0 &&
                pread(fd, &last, 1, stat.st_size - 1) == 1 && last != '\n';
    if (torn && write(fd, "\n", 1) != 1)
        return; /* readers of the file will see one bad line more */
}

struct fxi_letters *fxi_letters_open(const char *path, int64_t max_bytes, const char *name, struct fx_error *err)
{
    const char *why;
    int fd = fx_file_open(path, O_RDWR | O_APPEND | O_CREAT, &why);
    if (fd < 0) {
        fx_error_set(err, FX_EIO, "dead letters can't be kept in '%s': %s", path, why);
        return NULL;
    }
    struct fxi_letters *letters = fxi_calloc(1, sizeof *letters);
    pthread_mutex_init(&letters->lock, NULL);
    letters->name = name;
    letters->fd = fd;
    letters->max_bytes = max_bytes;
    end_last_line(fd);
    return letters;
}

void fxi_letters_close(struct fxi_letters *letters)
{
    if (!letters)
        return;
    close(letters->fd);
    fxi_str_fini(&letters->buffer);
    pthread_mutex_destroy(&letters->lock);
    free(letters);
}

static bool is_utf8(const char *data, size_t size)
{
    const char *end = data + size;
    while (data < end) {
        size_t length = fxi_utf8_size(data, end);
        if (!length || length > (size_t)(end - data))
            return false;
        data += length;
    }
    return true;
}

static void add_text(struct fxi_str *to, const char *data, size_t size)
{
    const char *end = data + size, *plain = data;
    fxi_str_puts(to, "\"");
    for (; data < end; data++) {
        if ((unsigned char)*data >= 0x20 && *data != '"' && *data != '\\' && *data != 0x7f)
            continue;
        fxi_str_add(to, plain, (size_t)(data - plain));
        fxi_str_printf(to, *data == '"' || *data == '\\' ? "\\%c" : "\\u%04x", (unsigned char)*data);
        plain = data + 1;
    }
    fxi_str_add(to, plain, (size_t)(end - plain));
    fxi_str_puts(to, "\"");
}

static void add_base64(struct fxi_str *to, const char *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fxi_str_puts(to, "\"");
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < size ? (unsigned char)data[i + j] : 0);
        char four[4];
        for (unsigned j = 0; j < 4; j++)
            four[j] = i + j <= size ? digits[bits >> (18 - 6 * j) & 63] : '=';
        fxi_str_add(to, four, 4);
    }
    fxi_str_puts(to, "\"");
}

static void print_letter(struct fxi_str *to, const char *name, const struct fx_letter *letter)
{
    char now[32];
    time_t seconds = time(NULL);
    struct tm tm;
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    fxi_str_printf(to, "{\"time\":\"%s\",\"input\":", now);
    add_text(to, name, strlen(name));
    fxi_str_puts(to, ",\"stream\":");
    add_text(to, letter->stream, strlen(letter->stream));
    if (letter->partition >= 0)
        fxi_str_printf(to, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64, letter->partition, letter->offset);
    fxi_str_printf(to, ",\"line\":%" PRId64 ",\"column\":%" PRId64 ",\"reason\":\"%s\",", letter->line, letter->column,
                   letter->reason);
    bool is_text = is_utf8(letter->data, letter->size);
    fxi_str_puts(to, is_text ? "\"record\":" : "\"record_base64\":");
    (is_text ? add_text : add_base64)(to, letter->data, letter->size);
    fxi_str_puts(to, "}\n");
}

/* Writes everything or nothing, as far as a file allows. Under the lock. */
static int write_out(struct fxi_letters *letters, struct fx_error *err)
{
    struct stat stat;
    if (fstat(letters->fd, &stat))
        return fx_error_set(err, FX_EIO, "the file of dead letters can't be examined: %s", strerror(errno));
    if (!letters->buffer.size)
        return 0;
    if (S_ISREG(stat.st_mode) && stat.st_size + (int64_t)letters->buffer.size > letters->max_bytes)
        return fx_error_set(err, FX_ENOMEM, "the file of dead letters has reached its largest size: move it away");
    size_t written = 0;
    while (written < letters->buffer.size) {
        ssize_t got = write(letters->fd, letters->buffer.data + written, letters->buffer.size - written);
        if (got > 0) {
            written += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            int why = got ? errno : EIO;
            if (written && ftruncate(letters->fd, stat.st_size))
                why = errno;
            return fx_error_set(err, FX_EIO, "dead letters can't be written: %s", strerror(why));
        }
    }
    fxi_str_clear(&letters->buffer);
    letters->unsynced += letters->buffered;
    letters->buffered = 0;
    return 0;
}

bool fxi_letters_add(struct fxi_letters *letters, const struct fx_letter *letter)
{
    struct fx_error err = FX_ERROR_INIT;
    pthread_mutex_lock(&letters->lock);
    bool room = letters->buffer.size < BUFFER_BYTES || write_out(letters, &err) == 0;
    if (room) {
        print_letter(&letters->buffer, letters->name, letter);
        letters->buffered++;
    }
    pthread_mutex_unlock(&letters->lock);
    return room;
}

int fxi_letters_store(struct fxi_letters *letters, struct fx_error *err)
{
    pthread_mutex_lock(&letters->lock);
    int rc = write_out(letters, err);
    if (!rc && letters->unsynced && fdatasync(letters->fd) && errno != EINVAL && errno != EROFS)
        rc = fx_error_set(err, FX_EIO, "dead letters can't be synced: %s", strerror(errno));
    if (!rc) {
        letters->stored += letters->unsynced;
        letters->unsynced = 0;
    }
    pthread_mutex_unlock(&letters->lock);
    return rc;
}

uint64_t fxi_letters_drop(struct fxi_letters *letters)
{
    pthread_mutex_lock(&letters->lock);
    uint64_t lost = letters->buffered + letters->unsynced;
    letters->buffered = letters->unsynced = 0;
    fxi_str_clear(&letters->buffer);
    pthread_mutex_unlock(&letters->lock);
    return lost;
}

uint64_t fxi_letters_stored(struct fxi_letters *letters)
{
    pthread_mutex_lock(&letters->lock);
    uint64_t stored = letters->stored;
    letters->stored = 0;
    pthread_mutex_unlock(&letters->lock);
    return stored;
}
