/*
 * Reads a part. The files are mapped and completely checked before an output sees any byte. Only the thread that takes
 * checkpoints.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/crc.h"
#include "state/parts.h"
#include "util/regular.h"

void fxi_part_read_end(struct fx_state *part)
{
    if (part->values)
        munmap(part->values, part->values_map);
    if (part->log)
        munmap(part->log, part->log_map);
    part->values = part->log = NULL;
    part->read = NULL;
}

/* Maps the first size bytes. Gives 0, an errno, or -1 if the file is shorter. */
static int map(int dir_fd, const char *name, uint64_t size, char **data, size_t *mapped)
{
    int fd = fxi_regular_open(dir_fd, name, O_RDONLY, NULL);
    if (fd < 0)
        return -fd;
    struct stat status;
    int rc = fstat(fd, &status) ? errno : (uint64_t)status.st_size < size ? -1 : 0;
    if (!rc && size) {
        void *found = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (found == MAP_FAILED) {
            rc = errno;
        } else {
            *data = found;
            *mapped = (size_t)size;
        }
    }
    close(fd);
    return rc;
}

static int read_file(struct fx_state *part, const char *name, uint64_t size, uint32_t crc, char **data, size_t *mapped,
                     struct fx_error *err)
{
    char path[96 + 40];
    snprintf(path, sizeof path, "instance-%s/%s", part->instance, name);
    int rc = map(part->state->dir_fd, path, size, data, mapped);
    if (rc)
        return fx_error_set(err, FX_EIO, "%s/%s: %s", part->state->directory, path,
                            rc < 0 ? "it is truncated" : fxi_regular_reason(rc));
    if (size && fxi_crc32c(0, *data, *mapped) != crc)
        return fx_error_set(err, FX_EIO, "%s/%s: its checksum is wrong", part->state->directory, path);
    return 0;
}

int fxi_part_read(struct fx_state *part, const struct fxi_slot *slot, struct fx_error *err)
{
    fxi_part_read_end(part);
    const struct fxi_slot_part *found = fxi_slot_find(slot, part->instance);
    if (!found)
        return fx_error_set(err, FX_EINVAL, "the checkpoint has nothing of this instance");
    if (strcmp(found->plugin, part->plugin) != 0)
        return fx_error_set(err, FX_EINVAL, "the checkpoint has it as an instance of %s", found->plugin);
    char values[16], log[40];
    snprintf(values, sizeof values, "values-%u", slot->index);
    snprintf(log, sizeof log, "log-%" PRIu64, found->log_generation);
    int rc = read_file(part, values, found->values_size, found->values_crc, &part->values, &part->values_map, err);
    if (!rc && found->log_size)
        rc = read_file(part, log, found->log_size, found->log_crc, &part->log, &part->log_map, err);
    if (rc) {
        fxi_part_read_end(part);
        return rc;
    }
    part->read = found;
    part->log_at = 0;
    return 0;
}

int fx_state_entry(const struct fx_checkpoint *checkpoint, const void **data, size_t *size)
{
    struct fx_state *part = checkpoint->state;
    uint64_t head;
    if (!part || !part->log || part->log_map - part->log_at < sizeof head)
        return 0;
    memcpy(&head, part->log + part->log_at, sizeof head);
    if (head > part->log_map - part->log_at - sizeof head)
        return 0; /* impossible, since the checksum was right */
    *data = part->log + part->log_at + sizeof head;
    *size = (size_t)head;
    part->log_at += sizeof head + head + (8 - head % 8) % 8;
    if (part->log_at > part->log_map)
        part->log_at = part->log_map;
    return 1;
}

const void *fx_state_values(const struct fx_checkpoint *checkpoint, size_t *size)
{
    const struct fx_state *part = checkpoint->state;
    *size = part && part->values ? part->values_map : 0;
    return part ? part->values : NULL;
}
