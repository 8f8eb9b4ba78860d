/* The cache on disk. Lines are hashed as they are written, so nothing is in memory twice. */
#include "table/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <flow-exporter/file.h>

#include "names/clean.h"
#include "base/clock.h"

#define HEADER        "flow-exporter whois cache 1\n"
#define FILE_SIZE_MAX ((off_t)1 << 30)
#define LINE_SIZE_MAX (WHOIS_NAME_MAX + 64)
/* How many entries are written while workers have to wait for the table. */
#define SLICE 1024

static uint64_t fnv1a(uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    return hash;
}
#define FNV1A_BEGIN UINT64_C(0xcbf29ce484222325)

/* ---- reading ---- */

/* Digits and the byte that must follow; *at moves behind that byte. */
static bool take_digits(const char **at, const char *end, char follower, uint64_t max, uint64_t *value)
{
    const char *begin = *at;
    *value = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        *value = *value * 10 + (uint64_t)(**at - '0');
        if (*value > max)
            return false;
    }
    return *at > begin && *at < end && *(*at)++ == follower;
}

/* Checks the last line against the others. */
static bool check_end(const char *data, size_t size, const char **lines_end, uint64_t *count)
{
    const char *end = data + size;
    if (size < 2 || end[-1] != '\n')
        return false;
    const char *last = memrchr(data, '\n', size - 1);
    if (!last || (size_t)(end - ++last) < 4 || memcmp(last, "end ", 4) != 0)
        return false;
    const char *at = last + 4;
    char expected[32];
    if (!take_digits(&at, end, ' ', UINT32_MAX, count))
        return false;
    snprintf(expected, sizeof(expected), "%016" PRIx64 "\n", fnv1a(FNV1A_BEGIN, data, (size_t)(last - data)));
    *lines_end = last;
    return (size_t)(end - at) == strlen(expected) && memcmp(at, expected, strlen(expected)) == 0;
}

int whois_cache_parse(const char *data, size_t size,
                      int (*take)(void *arg, uint32_t number, int64_t expires_s, const char *kept, size_t size),
                      void *arg, const char **why)
{
    const size_t header = sizeof(HEADER) - 1;
    const char *lines_end = NULL;
    uint64_t count = 0, number, expires_s;
    *why = "it is of another kind or version";
    if (size < header || memcmp(data, HEADER, header) != 0)
        return FX_EINVAL;
    *why = "it is damaged or incomplete";
    if (!check_end(data, size, &lines_end, &count))
        return FX_EINVAL;
    for (const char *at = data + header; at < lines_end; count--) {
        const char *stop = memchr(at, '\n', (size_t)(lines_end - at));
        if (!stop || count == 0 || !take_digits(&at, stop, '\t', UINT32_MAX, &number) ||
            !take_digits(&at, stop, '\t', INT64_MAX / 2000, &expires_s))
            return FX_EINVAL;
        int rc = take(arg, (uint32_t)number, (int64_t)expires_s, at, (size_t)(stop - at));
        if (rc != 0)
            return rc;
        at = stop + 1;
    }
    return count == 0 ? 0 : FX_EINVAL;
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t whois_refresh_ms(int64_t expires_ms, int64_t lifetime_ms, uint64_t number)
{
    int64_t tenth = lifetime_ms / 10;
    return expires_ms - tenth + tenth * (int64_t)(number % 16) / 32;
}

struct loading {
    struct whois_table *table;
    const struct whois_lifetimes *lifetimes;
    int64_t now_ms, wall_ms;
    size_t count;
};

/* Whether this is a name as answers give it. Somebody else may have made the file, with a valid checksum. */
static bool is_clean(const char *kept, size_t size)
{
    char copy[WHOIS_NAME_MAX];
    memcpy(copy, kept, size);
    return whois_clean(copy, size) == size;
}

static int restore(void *arg, uint32_t number, int64_t expires_s, const char *kept, size_t size)
{
    struct loading *loading = arg;
    int64_t lifetime_ms = size ? loading->lifetimes->known_ms : loading->lifetimes->unknown_ms;
    int64_t left_ms = expires_s * 1000 - loading->wall_ms;
    /* A wrong clock, or changed options, must not let an entry live longer than it should. */
    if (left_ms > lifetime_ms)
        left_ms = lifetime_ms;
    if (left_ms <= 0 || size > WHOIS_NAME_MAX || !is_clean(kept, size))
        return 0;
    int64_t expires_ms = loading->now_ms + left_ms;
    loading->count++;
    return whois_table_restore(loading->table, number, kept, size, expires_ms,
                               whois_refresh_ms(expires_ms, lifetime_ms, number));
}

static int read_all(int fd, size_t size, char **data)
{
    size_t done = 0;
    *data = malloc(size + 1);
    if (!*data)
        return ENOMEM;
    while (done < size) {
        ssize_t n = read(fd, *data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        done += (size_t)n;
    }
    return 0;
}

int whois_cache_load(const char *folder, struct whois_table *table, const struct whois_lifetimes *lifetimes,
                     size_t *count, struct fx_error *err)
{
    char path[4096], *data = NULL;
    const char *why = NULL, *opening;
    struct stat st;
    int rc = 0;
    *count = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, WHOIS_CACHE_FILE);
    int fd = fx_file_open(path, O_RDONLY, &opening);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fx_error_set(err, FX_EIO, "%s can't be opened: %s", path, opening);
    if (fstat(fd, &st) < 0 || st.st_size > FILE_SIZE_MAX) {
        rc = fx_error_set(err, FX_EINVAL, "%s is not a cache of names", path);
        goto out;
    }
    int error = read_all(fd, (size_t)st.st_size, &data);
    if (error) {
        rc = fx_error_set(err, FX_EIO, "%s can't be read: %s", path, strerror(error));
        goto out;
    }
    struct loading loading = {table, lifetimes, whois_now_ms(), wall_clock_ms(), 0};
    rc = whois_cache_parse(data, (size_t)st.st_size, restore, &loading, &why);
    *count = loading.count;
    if (rc < 0)
        fx_error_set(err, rc, "%s is not used: %s", path, rc == FX_ENOMEM ? "there is no memory" : why);
out:
    free(data);
    close(fd);
    return rc;
}

/* ---- writing ---- */

struct saving {
    FILE *out;
    int64_t now_ms, wall_ms;
    uint64_t hash, count;
};

static void write_line(struct saving *saving, const char *line, size_t size)
{
    saving->hash = fnv1a(saving->hash, line, size);
    (void)fwrite(line, 1, size, saving->out); /* the stream remembers faults */
}

static enum whois_fate save_entry(void *arg, struct whois_table *table, struct whois_entry *entry)
{
    struct saving *saving = arg;
    char line[LINE_SIZE_MAX];
    (void)table;
    if (entry->origin != WHOIS_FROM_SERVER || entry->expires_ms <= saving->now_ms)
        return WHOIS_KEEP;
    int64_t expires_s = (saving->wall_ms + entry->expires_ms - saving->now_ms) / 1000;
    int size = snprintf(line, sizeof(line), "%" PRIu64 "\t%" PRId64 "\t%s\n", entry->number,
                        expires_s > 0 ? expires_s : 0, entry->kept ? entry->kept : "");
    if (size > 0 && (size_t)size < sizeof(line)) {
        write_line(saving, line, (size_t)size);
        saving->count++;
    }
    return WHOIS_KEEP;
}

static int write_entries(FILE *out, struct whois_table *table)
{
    struct saving saving = {
        .out = out, .now_ms = whois_now_ms(), .wall_ms = wall_clock_ms(), .hash = FNV1A_BEGIN, .count = 0};
    size_t cursor = 0;
    write_line(&saving, HEADER, sizeof(HEADER) - 1);
    while (whois_table_walk(table, &cursor, SLICE, NULL, save_entry, &saving) && !ferror(out))
        ;
    fprintf(out, "end %" PRIu64 " %016" PRIx64 "\n", saving.count, saving.hash);
    if (fflush(out) != 0 || ferror(out))
        return errno ? errno : EIO;
    return fdatasync(fileno(out)) < 0 ? errno : 0;
}

/* Syncs the folder as well, so that the new name is there after a crash. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

int whois_cache_save(const char *folder, struct whois_table *table, struct fx_error *err)
{
    char path[4096], temporary[4096 + 8];
    snprintf(path, sizeof(path), "%s/%s", folder, WHOIS_CACHE_FILE);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    const char *why;
    (void)unlink(temporary); /* removes what somebody may have put there */
    int fd = fx_file_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, &why);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    int error = out ? 0 : fd < 0 ? -fd : errno;
    if (out) {
        error = write_entries(out, table);
        if (fclose(out) != 0 && !error)
            error = errno;
    } else if (fd >= 0) {
        close(fd);
    }
    if (!error && rename(temporary, path) < 0)
        error = errno;
    if (error) {
        unlink(temporary);
        return fx_error_set(err, FX_EIO, "The names can't be kept in %s: %s", path, strerror(error));
    }
    sync_folder(folder);
    return 0;
}
