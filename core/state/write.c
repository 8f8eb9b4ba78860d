/*
 * Writes a checkpoint: first the outputs' values and logs and then, when all of them are on the disk, the slot that
 * refers to them. The order matters. The truth, its values and its part of the logs are never changed. Its mark is on
 * the disk before the other slot is overwritten.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "state/crc.h"
#include "state/small_file.h"
#include "state/parts.h"
#include "util/alloc.h"
#include "util/regular.h"

#define BLOCK_BYTES   ((size_t)256 << 10)
#define REWRITE_SLACK ((uint64_t)64 << 10)

static int fail(const struct fxi_state *state, const char *what, const char *instance, int code, struct fx_error *err)
{
    return fx_error_set(err, FX_EIO, "%s/%s%s: %s", state->directory, what, instance, fxi_regular_reason(code));
}

int fxi_state_begin(struct fxi_state *state, uint64_t number, struct fx_error *err)
{
    if (state->dir_fd < 0)
        return fx_error_set(err, FX_EIO, "the state directory %s was given up", state->directory);
    int rc = fxi_state_check(state, err);
    if (rc)
        return rc;
    if (state->truth && state->mark_unsynced) {
        rc = fxi_slot_sync(state->dir_fd, state->truth->index);
        if (rc)
            return fail(state, "checkpoint-", state->truth->index ? "1" : "0", rc, err);
        state->mark_unsynced = false;
    }
    /* Without a truth the slots are of no use. Neither must ever be taken for one. */
    if (!state->truth && fxi_state_forget(state))
        return fail(state, "checkpoint-0, -", "1", errno, err);
    state->writing = state->truth ? 1 - state->truth->index : 0;
    state->writing_number = number;
    fxi_slot_fini(&state->slots[state->writing]);
    state->slots[state->writing].index = state->writing;
    return 0;
}

static const struct fxi_slot_part *truth_of(const struct fx_state *part)
{
    const struct fxi_slot *truth = part->state->truth;
    const struct fxi_slot_part *found = truth ? fxi_slot_find(truth, part->instance) : NULL;
    return found && !part->is_void && strcmp(found->plugin, part->plugin) == 0 ? found : NULL;
}

static int open_log(struct fx_state *part, int folder)
{
    char name[40];
    snprintf(name, sizeof name, "log-%" PRIu64, part->made.log_generation);
    int fd = fxi_file_open(folder, name, O_WRONLY);
    if (fd < 0)
        return -fd;
    part->log_fd = fd;
    /* After the truth's part of the log there may be entries of checkpoints that were not accepted. */
    return ftruncate(fd, (off_t)part->made.log_size) ? errno : 0;
}

/* Without a truth no log is of any use. Old ones are removed, and log-1 is begun. */
static void sweep_logs(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (!list) {
        if (copy >= 0)
            close(copy);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(list));)
        if (strncmp(entry->d_name, "log-", 4) == 0 && strcmp(entry->d_name, "log-1") != 0)
            unlinkat(folder, entry->d_name, 0);
    closedir(list);
}

static int open_files(struct fx_state *part)
{
    int folder = fxi_part_folder_open(part->state, part->instance);
    if (folder < 0)
        return -folder;
    if (!part->state->truth)
        sweep_logs(folder);
    char name[16];
    snprintf(name, sizeof name, "values-%u", part->state->writing);
    part->values_fd = fxi_file_open(folder, name, O_WRONLY);
    int rc = part->values_fd < 0 ? -part->values_fd : open_log(part, folder);
    close(folder);
    return rc;
}

int fxi_part_begin(struct fx_state *part, int *rewrite_log, struct fx_error *err)
{
    const struct fxi_slot_part *truth = truth_of(part);
    part->fault = 0;
    part->live = 0;
    part->is_left_out = false;
    part->made = (struct fxi_slot_part){.instance = part->instance, .plugin = part->plugin, .log_generation = 1};
    *rewrite_log = !truth || part->wants_rewrite;
    if (truth) {
        part->made.log_generation = truth->log_generation + (*rewrite_log ? 1 : 0);
        if (!*rewrite_log) {
            part->made.log_size = truth->log_size;
            part->made.log_base = truth->log_base;
            part->made.log_crc = truth->log_crc;
        }
    }
    part->at[FXI_PART_VALUES] = 0;
    part->at[FXI_PART_LOG] = part->made.log_size;
    part->block_size[FXI_PART_VALUES] = part->block_size[FXI_PART_LOG] = 0;
    int rc = open_files(part);
    if (!rc)
        return 0;
    fxi_part_close_files(part);
    return fail(part->state, "instance-", part->instance, rc, err);
}

static void flush(struct fx_state *part, int which)
{
    int fd = which == FXI_PART_LOG ? part->log_fd : part->values_fd;
    if (!part->fault && part->block_size[which])
        part->fault = fxi_file_write(fd, part->block[which], part->block_size[which], part->at[which]);
    part->at[which] += part->block_size[which];
    part->block_size[which] = 0;
}

static void gather(struct fx_state *part, int which, const void *data, size_t size)
{
    const char *from = data;
    uint32_t *crc = which == FXI_PART_LOG ? &part->made.log_crc : &part->made.values_crc;
    *crc = fxi_crc32c(*crc, data, size);
    if (!part->block[which])
        part->block[which] = fxi_calloc(1, BLOCK_BYTES);
    while (size) {
        size_t room = BLOCK_BYTES - part->block_size[which], take = size < room ? size : room;
        memcpy(part->block[which] + part->block_size[which], from, take);
        part->block_size[which] += take;
        from += take;
        size -= take;
        if (part->block_size[which] == BLOCK_BYTES)
            flush(part, which);
    }
}

int fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size)
{
    struct fx_state *part = checkpoint->state;
    if (!part || part->fault)
        return part ? FX_EIO : 0;
    gather(part, FXI_PART_VALUES, data, size);
    part->made.values_size += size;
    return part->fault ? FX_EIO : 0;
}

/* Writes the size, the entry, and zeros up to a multiple of eight, so that entries are aligned when they are read. */
int fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size)
{
    static const char zeros[8];
    struct fx_state *part = checkpoint->state;
    if (!part || part->fault)
        return part ? FX_EIO : 0;
    if (size > FX_STATE_ENTRY_MAX) {
        part->fault = EFBIG;
        return FX_EINVAL;
    }
    uint64_t head = size;
    size_t padding = (8 - size % 8) % 8;
    gather(part, FXI_PART_LOG, &head, sizeof head);
    gather(part, FXI_PART_LOG, data, size);
    gather(part, FXI_PART_LOG, zeros, padding);
    part->made.log_size += sizeof head + size + padding;
    return part->fault ? FX_EIO : 0;
}

void fx_state_live(const struct fx_checkpoint *checkpoint, uint64_t bytes)
{
    if (checkpoint->state)
        checkpoint->state->live = bytes ? bytes : 1;
}

void fxi_part_void(struct fx_state *part)
{
    part->is_void = true;
}

void fxi_part_leave_out(struct fx_state *part)
{
    part->is_left_out = true;
}

static int sync_files(struct fx_state *part)
{
    const struct fxi_slot_part *truth = truth_of(part);
    bool log_grew =
        !truth || truth->log_generation != part->made.log_generation || truth->log_size != part->made.log_size;
    if (fdatasync(part->values_fd) || (log_grew && fdatasync(part->log_fd)))
        return errno;
    return 0;
}

int fxi_part_end(struct fx_state *part, struct fx_error *err)
{
    if (!part->is_left_out) {
        flush(part, FXI_PART_VALUES);
        flush(part, FXI_PART_LOG);
        if (!part->fault)
            part->fault = sync_files(part);
        if (part->made.log_base == 0)
            part->made.log_base = part->made.log_size;
    }
    fxi_part_close_files(part);
    return part->fault ? fail(part->state, "instance-", part->instance, part->fault, err) : 0;
}

static struct fxi_slot_part copy_part(const struct fxi_slot_part *from)
{
    struct fxi_slot_part copy = *from;
    copy.instance = fxi_strdup(from->instance);
    copy.plugin = fxi_strdup(from->plugin);
    return copy;
}

static void describe(struct fxi_state *state, struct fxi_slot *slot, const struct fxi_slot_position *positions,
                     size_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    slot->index = state->writing;
    slot->number = state->writing_number;
    slot->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    memcpy(slot->identity, state->identity, sizeof slot->identity);
    slot->positions = fxi_calloc(count ? count : 1, sizeof *slot->positions);
    for (size_t i = 0; i < count; i++) {
        slot->positions[i] = positions[i];
        slot->positions[i].stream = fxi_strdup(positions[i].stream);
        slot->positions[i].input = fxi_strdup(positions[i].input);
    }
    slot->position_count = count;
    for (const struct fx_state *part = state->parts; part; part = part->next) {
        if (part->is_left_out)
            continue;
        slot->parts = fxi_realloc(slot->parts, slot->part_count + 1, sizeof *slot->parts);
        slot->parts[slot->part_count++] = copy_part(&part->made);
    }
}

int fxi_state_finish(struct fxi_state *state, const struct fxi_slot_position *positions, size_t count,
                     struct fx_error *err)
{
    struct fxi_slot *slot = &state->slots[state->writing];
    fxi_slot_fini(slot);
    describe(state, slot, positions, count);
    int rc = fxi_slot_write(state->dir_fd, slot);
    if (rc) {
        fxi_slot_fini(slot);
        return fail(state, "checkpoint-", state->writing ? "1" : "0", rc, err);
    }
    slot->is_valid = true;
    return 0;
}

/*
 * Whether the log must be rewritten: it is over twice the size of what is in use or, if that is unknown, of the last
 * rewrite.
 */
static bool is_overgrown(const struct fx_state *part)
{
    uint64_t live = part->live ? part->live : part->made.log_base;
    return !part->is_left_out && part->made.log_size > 2 * live + REWRITE_SLACK;
}

const struct fxi_slot *fxi_state_written(const struct fxi_state *state)
{
    return &state->slots[state->writing];
}

void fxi_state_accept(struct fxi_state *state)
{
    struct fxi_slot *slot = &state->slots[state->writing];
    if (!slot->is_valid || slot == state->truth)
        return;
    const struct fxi_slot *old = state->truth;
    state->truth = slot;
    state->mark_unsynced = true;
    slot->is_accepted = true;
    fxi_slot_mark(state->dir_fd, slot); /* if this fails, the tags beside the positions still tell */
    for (struct fx_state *part = state->parts; part; part = part->next) {
        part->wants_rewrite = is_overgrown(part);
        const struct fxi_slot_part *before = old ? fxi_slot_find(old, part->instance) : NULL;
        part->is_void = part->is_void && part->is_left_out;
        if (!part->is_left_out)
            fxi_part_tidy(part, part->made.log_generation, before ? before->log_generation : 0);
    }
}

/* The logs of both slots are kept: until the mark is on the disk, the older slot may be needed. */
void fxi_part_tidy(const struct fx_state *part, uint64_t keep_a, uint64_t keep_b)
{
    for (uint64_t generation = keep_b; generation-- > 1 && keep_b - generation <= 2;) {
        char name[96 + 40];
        if (generation == keep_a)
            continue;
        snprintf(name, sizeof name, "instance-%s/log-%" PRIu64, part->instance, generation);
        unlinkat(part->state->dir_fd, name, 0);
    }
}
