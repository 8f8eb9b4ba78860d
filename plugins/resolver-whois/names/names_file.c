/*
 * Names files are read into memory in one piece. Names are cleaned and terminated in place. Only a line that is not
 * UTF-8 needs memory of its own, since Latin-1 grows when it is converted. 79,411 names take some 20 ms.
 */
#include "names/names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow-exporter/file.h>

#include "names/clean.h"
#include "names/layout.h"

/* The longest list today has 5 MB. Naming a disk image by mistake must not use up the memory. */
#define FILE_SIZE_MAX (256 << 20)

struct whois_names_text {
    struct whois_names_text *next;
    size_t size;
    char data[]; /* size bytes and a NUL */
};

struct whois_range {
    uint32_t first, last;
    uint32_t reach; /* the largest last number of this range and all before */
    const char *name;
};

void whois_names_file_free(struct whois_names_file *file)
{
    if (!file)
        return;
    while (file->texts) {
        struct whois_names_text *text = file->texts;
        file->texts = text->next;
        free(text);
    }
    whois_map_fini(&file->by_number);
    free(file->ranges);
    free(file);
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
    /* A file that shrank meanwhile has fewer lines. */
    text->size = done;
    text->data[done] = '\0';
    return 0;
}

static int read_file(const char *path, struct stat *st, struct whois_names_text **text, struct fx_error *err)
{
    int rc = 0;
    const char *why;
    int fd = fx_file_open(path, O_RDONLY, &why);
    if (fd < 0)
        return fx_error_set(err, FX_EIO, "The names file %s can't be opened: %s.", path, why);
    if (fstat(fd, st) < 0) {
        rc = fx_error_set(err, FX_EIO, "The names file %s can't be looked at: %s.", path, strerror(errno));
        goto out;
    }
    if (st->st_size > FILE_SIZE_MAX) {
        rc = fx_error_set(err, FX_EINVAL, "The names file %s is larger than %d MiB.", path, FILE_SIZE_MAX >> 20);
        goto out;
    }
    *text = malloc(sizeof(**text) + (size_t)st->st_size + 1);
    if (!*text) {
        rc = fx_error_set(err, FX_ENOMEM, "There is no memory for the names file %s.", path);
        goto out;
    }
    (*text)->size = (size_t)st->st_size;
    rc = read_all(fd, path, *text, err);
    if (rc < 0) {
        free(*text);
        *text = NULL;
    }
out:
    close(fd);
    return rc;
}

/* Memory owned by the file, for a text that cannot stay in place. */
static char *keep_text(struct whois_names_file *file, size_t size)
{
    struct whois_names_text *text = malloc(sizeof(*text) + size + 1);
    if (!text)
        return NULL;
    text->size = size;
    text->next = file->texts;
    file->texts = text;
    return text->data;
}

/* The name in text, with a NUL at its end; *name stays NULL when there is none. 0 or FX_ENOMEM. */
static int take_name(struct whois_names_file *file, char *text, size_t size, const char **name)
{
    if (!whois_is_utf8(text, size)) {
        char *bigger = keep_text(file, 2 * size);
        if (!bigger)
            return FX_ENOMEM;
        size = whois_to_utf8(text, size, bigger);
        text = bigger;
    }
    size = whois_clean(text, size);
    if (whois_strip_country(text, size) > 0) {
        text[size] = '\0';
        *name = text;
    }
    return 0;
}

static int add_range(struct whois_names_file *file, uint32_t first, uint32_t last, const char *name)
{
    if (file->range_count == file->range_capacity) {
        size_t capacity = file->range_capacity ? 2 * file->range_capacity : 256;
        struct whois_range *ranges = realloc(file->ranges, capacity * sizeof(*ranges));
        if (!ranges)
            return FX_ENOMEM;
        file->ranges = ranges;
        file->range_capacity = capacity;
    }
    file->ranges[file->range_count++] = (struct whois_range){.first = first, .last = last, .name = name};
    return 0;
}

/* The byte behind line may be overwritten. 1: taken; 0: not a name; or FX_ENOMEM. */
static int take_line(struct whois_names_file *file, char *line, size_t size)
{
    struct whois_layout found;
    const char *name = NULL;
    if (!whois_layout_read(line, size, &found))
        return 0;
    int rc = take_name(file, found.name, found.name_size, &name);
    if (rc < 0 || !name)
        return rc;
    rc = found.first == found.last ? whois_map_put(&file->by_number, found.first, (void *)name)
                                   : add_range(file, found.first, found.last, name);
    return rc < 0 ? rc : 1;
}

static bool is_blank(const char *line, size_t size)
{
    return size == 0 || line[0] == '#' || (size == 1 && line[0] == '\r');
}

/*
 * Sorts by the first number. Of those with the same first number the wide range comes first. Of equal ranges the
 * earlier line comes first.
 */
static int compare_ranges(const void *a, const void *b)
{
    const struct whois_range *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->last != y->last)
        return x->last > y->last ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static void sort_ranges(struct whois_names_file *file)
{
    uint32_t reach = 0;
    if (file->range_count > 1)
        qsort(file->ranges, file->range_count, sizeof(*file->ranges), compare_ranges);
    for (size_t i = 0; i < file->range_count; i++) {
        if (file->ranges[i].last > reach)
            reach = file->ranges[i].last;
        file->ranges[i].reach = reach;
    }
}

/* Lines of today's lists have some 38 bytes. */
#define LINE_SIZE_USUAL 38

static int take_lines(struct whois_names_file *file, char *data, size_t size)
{
    char *end = data + size;
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        data += 3;
    int rc = whois_map_reserve(&file->by_number, size / LINE_SIZE_USUAL);
    if (rc < 0)
        return rc;
    for (char *line = data; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        rc = is_blank(line, (size_t)(stop - line)) ? 1 : take_line(file, line, (size_t)(stop - line));
        if (rc < 0)
            return rc;
        /* Lines before the first name are a header. */
        if (rc == 0 && whois_names_file_count(file) > 0)
            file->bad_lines++;
        line = stop + 1;
    }
    sort_ranges(file);
    return 0;
}

struct whois_names_file *whois_names_file_read(const char *path, struct fx_error *err)
{
    struct whois_names_text *text = NULL;
    struct whois_names_file *file = calloc(1, sizeof(*file));
    if (!file || whois_map_init(&file->by_number) < 0) {
        fx_error_set(err, FX_ENOMEM, "There is no memory for the names of %s.", path);
        goto fail;
    }
    if (read_file(path, &file->stat, &text, err) < 0)
        goto fail;
    text->next = NULL;
    file->texts = text;
    if (take_lines(file, text->data, text->size) < 0)
        fx_error_set(err, FX_ENOMEM, "There is no memory for the names of %s.", path);
    else if (text->size && whois_names_file_count(file) == 0)
        fx_error_set(err, FX_EINVAL, "No line of the names file %s is a number and a name.", path);
    else
        return file;
fail:
    whois_names_file_free(file);
    return NULL;
}

const char *whois_names_file_find(const struct whois_names_file *file, uint64_t number)
{
    const char *name = whois_map_find(&file->by_number, number);
    size_t low = 0, high = file->range_count;
    if (name || number > UINT32_MAX)
        return name;
    while (low < high) { /* finds the first range that begins beyond the number */
        size_t middle = low + (high - low) / 2;
        if (file->ranges[middle].first <= number)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && file->ranges[low].reach >= number)
        if (file->ranges[low].last >= number)
            return file->ranges[low].name;
    return NULL;
}

size_t whois_names_file_count(const struct whois_names_file *file)
{
    return file->by_number.count + file->range_count;
}
