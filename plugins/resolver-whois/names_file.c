/*
 * Reading of names files. A file is read whole into one block, and its names
 * are cleaned and ended in place: 79,411 names take some 20 ms.
 */
#include "names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean.h"

/* The longest list of today has 5 MB; whoever names a disk image by mistake shall not lose their memory to it. */
#define FILE_SIZE_MAX (256 << 20)

struct whois_names_text {
    struct whois_names_text *next;
    size_t size;
    char data[]; /* size bytes and a NUL */
};

int whois_names_init(struct whois_names *names, bool strip_country)
{
    *names = (struct whois_names){.strip_country = strip_country};
    return whois_map_init(&names->by_number);
}

void whois_names_fini(struct whois_names *names)
{
    while (names->texts) {
        struct whois_names_text *text = names->texts;
        names->texts = text->next;
        free(text);
    }
    whois_map_fini(&names->by_number);
}

static int read_all(int fd, const char *path, struct whois_names_text *text, struct fx_error *err)
{
    size_t done = 0;
    while (done < text->size) {
        ssize_t n = read(fd, text->data + done, text->size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fx_error_set(err, FX_EIO, "The names file %s can't be read: %s.", path, strerror(errno));
        if (n == 0)
            break;
        done += (size_t)n;
    }
    /* A file that shrank meanwhile simply has fewer lines. */
    text->size = done;
    text->data[done] = '\0';
    return 0;
}

/* Opens without blocking, so that a FIFO named by mistake is refused and not waited for. */
static int read_file(const char *path, struct whois_names_text **text, struct fx_error *err)
{
    struct stat st;
    int rc = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        rc = fx_error_set(err, FX_EIO, "The names file %s can't be opened: %s.", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_SIZE_MAX) {
        rc = fx_error_set(err, FX_EINVAL, "The names file %s is not a regular file of at most %d MiB.", path,
                          FILE_SIZE_MAX >> 20);
        goto out;
    }
    *text = malloc(sizeof(**text) + (size_t)st.st_size + 1);
    if (!*text) {
        rc = fx_error_set(err, FX_ENOMEM, "There is no memory for the names file %s.", path);
        goto out;
    }
    (*text)->size = (size_t)st.st_size;
    rc = read_all(fd, path, *text, err);
    if (rc < 0) {
        free(*text);
        *text = NULL;
    }
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The number at the line's begin; returns the bytes that it takes, or 0. */
static size_t parse_number(const char *line, size_t size, uint64_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    while (i < size && line[i] >= '0' && line[i] <= '9') {
        value = value * 10 + (uint64_t)(line[i] - '0');
        if (value > UINT32_MAX)
            return 0;
        i++;
    }
    *number = value;
    return i;
}

/* line is followed by a byte that may be overwritten. 1: taken; 0: not a name; or FX_ENOMEM. */
static int take_line(struct whois_names *names, char *line, size_t size)
{
    uint64_t number;
    size_t digits = parse_number(line, size, &number);
    if (digits == 0 || digits == size || (line[digits] != '\t' && line[digits] != ' '))
        return 0;
    char *name = line + digits;
    size_t name_size = whois_clean(name, size - digits);
    size_t bare_size = whois_strip_country(name, name_size);
    if (bare_size == 0)
        return 0;
    name[names->strip_country ? bare_size : name_size] = '\0';
    int rc = whois_map_put(&names->by_number, number, name);
    return rc < 0 ? rc : 1;
}

static bool is_blank(const char *line, size_t size)
{
    return size == 0 || line[0] == '#' || (size == 1 && line[0] == '\r');
}

int whois_names_load(struct whois_names *names, const char *path, size_t *bad_lines, struct fx_error *err)
{
    struct whois_names_text *text = NULL;
    int rc = read_file(path, &text, err);
    if (rc < 0)
        return rc;
    text->next = names->texts;
    names->texts = text;
    char *end = text->data + text->size;
    for (char *line = text->data; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        size_t size = (size_t)(stop - line);
        rc = is_blank(line, size) ? 1 : take_line(names, line, size);
        if (rc < 0)
            return fx_error_set(err, FX_ENOMEM, "There is no memory for the names of %s.", path);
        if (rc == 0)
            (*bad_lines)++;
        line = stop + 1;
    }
    return 0;
}
