/* Configurations from files. Main thread. Nothing is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/yaml_source.h"
#include "util/alloc.h"
#include "util/regular.h"

/*
 * Whether the path names a file descriptor that the process was started with. A shell's <(...) makes such a name for a
 * pipe. The user holds the other end, so opening may wait for it. A FIFO with a name of its own is a mistake or a trap.
 */
static bool is_inherited(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "/dev/stdin") == 0)
        return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static int open_any(const char *path, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        *why = strerror(errno);
    return fd;
}

typedef struct fxi_document *text_reader(const char *name, const char *text, size_t size, struct fx_error *err);

static struct fxi_document *read_by(text_reader *reader, const char *path, bool may_be_pipe, struct fx_error *err)
{
    const char *why;
    fxi_error_place(err, path, 0, 0);
    int fd = may_be_pipe && is_inherited(path) ? open_any(path, &why) : fx_file_open(path, O_RDONLY, &why);
    if (fd < 0) {
        fx_error_set(err, FX_EIO, "the configuration can't be opened: %s", why);
        return NULL;
    }
    char *text = fxi_calloc(FXI_YAML_SIZE_MAX + 1, 1);
    size_t size = 0;
    struct fxi_document *document = NULL;
    int failed = fxi_regular_read(fd, text, FXI_YAML_SIZE_MAX + 1, &size);
    if (failed)
        fx_error_set(err, FX_EIO, "the configuration can't be read: %s", strerror(failed));
    else
        document = reader(path, text, size, err);
    explicit_bzero(text, size); /* the text may contain secrets */
    free(text);
    close(fd);
    return document;
}

struct fxi_document *fxi_yaml_read_file(const char *path, struct fx_error *err)
{
    return read_by(fxi_yaml_read_text, path, true, err);
}

struct fxi_document *fxi_yaml_read_part_file(const char *path, struct fx_error *err)
{
    return read_by(fxi_yaml_read_part, path, false, err);
}
