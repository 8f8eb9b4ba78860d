/*
 * The state directory: found, locked, recognised by its identity, and given up after a failure. Only the main thread,
 * and later the thread that takes checkpoints.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/small_file.h"
#include "state/parts.h"
#include "util/alloc.h"
#include "util/regular.h"
#include "util/str.h"

#define IDENTITY_FILE "identity"
#define IDENTITY_TEXT "flow-exporter state 1\n"

static char *join(const char *first, const char *second)
{
    struct fxi_str path = {0};
    fxi_str_printf(&path, "%s/%s", first, second);
    return path.data;
}

char *fxi_state_directory(const char *configured, bool *is_default)
{
    *is_default = !configured;
    if (configured)
        return strcmp(configured, "none") == 0 ? NULL : fxi_strdup(configured);
    const char *given = getenv("STATE_DIRECTORY"); /* set by systemd; colons separate several folders */
    if (given && *given)
        return fxi_strndup(given, strcspn(given, ":"));
    const char *home = getenv("XDG_STATE_HOME");
    if (home && *home == '/')
        return join(home, "flow-exporter");
    home = getenv("HOME");
    return home && *home == '/' ? join(home, ".local/state/flow-exporter") : NULL;
}

static int make_directories(const char *path)
{
    char *copy = fxi_strdup(path);
    int rc = 0;
    for (char *at = copy + 1; !rc; at++) {
        if (*at != '/' && *at)
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(copy, 0750) && errno != EEXIST)
            rc = errno;
        *at = end;
        if (!end)
            break;
    }
    free(copy);
    return rc;
}

static int fail(const struct fxi_state *state, const char *what, int code, struct fx_error *err)
{
    return fx_error_set(err, FX_EIO, "the state directory %s can't be used: %s: %s", state->directory, what,
                        fxi_regular_reason(code));
}

/*
 * The folder itself is locked: if it is replaced by another one, fxi_state_check notices. The file 'lock' is locked as
 * well, since older versions lock only this file, and some network file systems do not lock folders.
 */
static int lock(struct fxi_state *state, struct fx_error *err)
{
    state->lock_fd = fxi_regular_open(state->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, NULL);
    if (state->lock_fd < 0)
        return fail(state, "lock", -state->lock_fd, err);
    bool is_ours = flock(state->dir_fd, LOCK_EX | LOCK_NB) == 0 || errno == EBADF || errno == EINVAL;
    if (is_ours)
        is_ours = flock(state->lock_fd, LOCK_EX | LOCK_NB) == 0;
    if (!is_ours && errno != EWOULDBLOCK)
        return fail(state, "lock", errno, err);
    if (!is_ours)
        return fx_error_set(err, FX_EINVAL,
                            "the state directory %s is used by another process; give each its own (state: {directory: "
                            "...})",
                            state->directory);
    return fxi_state_check(state, err); /* the folder may have been replaced before it was locked */
}

int fxi_state_check(const struct fxi_state *state, struct fx_error *err)
{
    struct stat ours, there;
    if (fstat(state->dir_fd, &ours) || stat(state->directory, &there))
        return fail(state, "stat", errno, err);
    if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return fx_error_set(err, FX_EIO, "the state directory %s was replaced: another folder has its name now",
                            state->directory);
    return 0;
}

static int open_directory(struct fxi_state *state, struct fx_error *err)
{
    int rc = make_directories(state->directory);
    if (rc && rc != EROFS && rc != EACCES && rc != EPERM)
        return fail(state, "mkdir", rc, err);
    state->dir_fd = open(state->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->dir_fd < 0)
        return fail(state, "open", rc ? rc : errno, err);
    return lock(state, err);
}

static int make_identity(struct fxi_state *state, struct fx_error *err)
{
    if (!state->identity[0]) { /* after the directory was lost, the old identity is written again */
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return fail(state, "getrandom", errno, err);
        snprintf(state->identity, sizeof state->identity, "%016llx", (unsigned long long)random);
    }
    char text[64];
    int size = snprintf(text, sizeof text, IDENTITY_TEXT "%s\n", state->identity);
    /* Written under another name and renamed, so that a crash leaves no half-written identity. */
    int rc = fxi_file_put(state->dir_fd, IDENTITY_FILE ".new", text, (size_t)size);
    if (!rc && renameat(state->dir_fd, IDENTITY_FILE ".new", state->dir_fd, IDENTITY_FILE))
        rc = errno;
    if (!rc && fsync(state->dir_fd))
        rc = errno;
    return rc ? fail(state, IDENTITY_FILE, rc, err) : 0;
}

static int parse_identity(struct fxi_state *state, const char *text, struct fx_error *err)
{
    static const char ours[] = "flow-exporter state ";
    const char *digits = text + strlen(IDENTITY_TEXT);
    if (strncmp(text, ours, sizeof ours - 1) != 0)
        return fx_error_set(
            err, FX_EABI, "%s is not a state directory of flow-exporter: its file 'identity' belongs to something else",
            state->directory);
    if (strncmp(text, IDENTITY_TEXT, strlen(IDENTITY_TEXT)) != 0)
        return fx_error_set(err, FX_EABI,
                            "the state directory %s was made by another version of flow-exporter (its format is not "
                            "1); use that version, or another directory",
                            state->directory);
    if (strlen(digits) < FXI_IDENTITY_SIZE || strspn(digits, "0123456789abcdef") != FXI_IDENTITY_SIZE)
        return fx_error_set(err, FX_EABI,
                            "the state directory %s is damaged: its file 'identity' has no valid identity",
                            state->directory);
    if (state->identity[0] && strncmp(state->identity, digits, FXI_IDENTITY_SIZE) != 0)
        return fx_error_set(err, FX_EABI, "the state directory %s was replaced by that of another instance",
                            state->directory);
    memcpy(state->identity, digits, FXI_IDENTITY_SIZE);
    return 0;
}

static int know_identity(struct fxi_state *state, bool to_look, struct fx_error *err)
{
    char *text;
    size_t size;
    int rc = fxi_file_get(state->dir_fd, IDENTITY_FILE, 4096, &text, &size);
    if (rc == ENOENT && !to_look)
        return make_identity(state, err);
    if (rc)
        return fail(state, IDENTITY_FILE, rc, err);
    rc = parse_identity(state, text, err);
    free(text);
    return rc;
}

static int read_slots(struct fxi_state *state, bool to_look, struct fx_error *err)
{
    for (unsigned i = 0; i < 2; i++) {
        struct fxi_slot *slot = &state->slots[i];
        char *message = state->faults[i];
        enum fxi_slot_fault fault = fxi_slot_read(state->dir_fd, i, slot, message, sizeof state->faults[i]);
        if (fault == FXI_SLOT_NEWER && !to_look)
            return fx_error_set(err, FX_EABI, "%s/checkpoint-%u: %s; use that version, or another directory",
                                state->directory, i, message);
        if (!fault && strcmp(slot->identity, state->identity) != 0) {
            snprintf(message, sizeof state->faults[i], "it belongs to another directory");
            fxi_slot_fini(slot);
        }
        slot->index = i;
    }
    return 0;
}

static void give_up(struct fxi_state *state)
{
    if (state->lock_fd >= 0)
        close(state->lock_fd);
    if (state->dir_fd >= 0)
        close(state->dir_fd);
    state->lock_fd = state->dir_fd = -1;
}

int fxi_state_open(struct fxi_state **made, const char *directory, struct fx_error *err)
{
    struct fxi_state *state = fxi_calloc(1, sizeof *state);
    state->directory = realpath(directory, NULL);
    if (!state->directory)
        state->directory = fxi_strdup(directory);
    state->dir_fd = state->lock_fd = -1;
    int rc = open_directory(state, err);
    if (!rc)
        rc = know_identity(state, false, err);
    if (!rc)
        rc = read_slots(state, false, err);
    if (rc) {
        fxi_state_close(state);
        return rc;
    }
    *made = state;
    return 0;
}

int fxi_state_open_to_read(struct fxi_state **made, const char *directory, struct fx_error *err)
{
    struct fxi_state *state = fxi_calloc(1, sizeof *state);
    state->directory = fxi_strdup(directory);
    state->lock_fd = -1;
    state->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = state->dir_fd < 0 ? fail(state, "open", errno, err) : know_identity(state, true, err);
    if (!rc)
        rc = read_slots(state, true, err);
    if (rc) {
        fxi_state_close(state);
        return rc;
    }
    *made = state;
    return 0;
}

void fxi_state_close(struct fxi_state *state)
{
    if (!state)
        return;
    for (struct fx_state *part = state->parts, *next; part; part = next) {
        next = part->next;
        fxi_part_free(part);
    }
    fxi_slot_fini(&state->slots[0]);
    fxi_slot_fini(&state->slots[1]);
    give_up(state);
    free(state->directory);
    free(state);
}

const char *fxi_state_identity(const struct fxi_state *state)
{
    return state->identity;
}

const struct fxi_slot *fxi_state_slot(const struct fxi_state *state, unsigned index)
{
    return &state->slots[index];
}

const char *fxi_state_fault(const struct fxi_state *state, unsigned index)
{
    return state->faults[index];
}

void fxi_state_choose(struct fxi_state *state, const struct fxi_slot *slot)
{
    state->truth = slot;
    if (slot && !slot->is_accepted && !fxi_slot_mark(state->dir_fd, slot)) {
        state->slots[slot->index].is_accepted = true;
        /* What proved it, or what was missing, can change before the next start. This choice is shown, so it stays. */
        fxi_slot_sync(state->dir_fd, slot->index);
    }
    /* A mark that was found may never have come to the disk: the process before may have been killed behind it. */
    state->mark_unsynced = slot && slot->is_accepted;
}

const struct fxi_slot *fxi_state_truth(const struct fxi_state *state)
{
    return state->truth;
}

bool fxi_state_is_usable(const struct fxi_state *state)
{
    return state->dir_fd >= 0;
}

void fxi_state_drop(struct fxi_state *state, const struct fxi_slot *slot)
{
    if (state->dir_fd >= 0 && slot != state->truth)
        fxi_slot_drop(state->dir_fd, &state->slots[slot->index]);
}

int fxi_state_forget(struct fxi_state *state)
{
    for (unsigned i = 0; i < 2; i++) {
        if (unlinkat(state->dir_fd, i ? "checkpoint-1" : "checkpoint-0", 0) && errno != ENOENT)
            return -1;
        fxi_slot_fini(&state->slots[i]);
        state->slots[i].index = i;
        state->faults[i][0] = '\0';
    }
    return fsync(state->dir_fd);
}

/*
 * Removes the file, or at least overwrites it. If the disk refuses both, the tags of later commits show that the file
 * is out of date.
 */
static void spoil(const struct fxi_state *state, const char *name)
{
    if (unlinkat(state->dir_fd, name, 0) == 0 || errno == ENOENT)
        return;
    int fd = fxi_regular_open(state->dir_fd, name, O_WRONLY, NULL);
    if (fd < 0)
        return;
    static const char nothing[FXI_SLOT_BODY * 2];
    if (!fxi_file_write(fd, nothing, sizeof nothing, 0))
        fdatasync(fd);
    close(fd);
}

void fxi_state_invalidate(struct fxi_state *state)
{
    if (state->dir_fd >= 0) {
        spoil(state, "checkpoint-0");
        spoil(state, "checkpoint-1");
        fsync(state->dir_fd);
    }
    fxi_slot_fini(&state->slots[0]);
    fxi_slot_fini(&state->slots[1]);
    state->truth = NULL;
    give_up(state);
}

int fxi_state_reopen(struct fxi_state *state, struct fx_error *err)
{
    int rc = open_directory(state, err);
    if (!rc)
        rc = know_identity(state, false, err);
    if (rc) {
        give_up(state);
        return rc;
    }
    spoil(state, "checkpoint-0"); /* removing it may have failed before */
    spoil(state, "checkpoint-1");
    return 0;
}

int fxi_part_folder_open(const struct fxi_state *state, const char *instance)
{
    struct fxi_str name = {0};
    fxi_str_printf(&name, "instance-%s", instance);
    int fd = -1, code = 0;
    if (mkdirat(state->dir_fd, name.data, 0750) == 0)
        code = fsync(state->dir_fd) ? errno : 0;
    else if (errno != EEXIST)
        code = errno;
    if (!code) {
        fd = openat(state->dir_fd, name.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        code = fd < 0 ? errno : 0;
    }
    fxi_str_fini(&name);
    return code ? -code : fd;
}

char *fxi_state_folder_new(struct fxi_state *state, const char *instance)
{
    int fd = fxi_part_folder_open(state, instance);
    if (fd < 0)
        return NULL;
    struct fxi_str path = {0};
    if (mkdirat(fd, "private", 0750) == 0 || errno == EEXIST)
        fxi_str_printf(&path, "%s/instance-%s/private", state->directory, instance);
    close(fd);
    return path.data;
}

char *fxi_state_folder_find(const char *directory, const char *instance)
{
    struct fxi_str path = {0};
    fxi_str_printf(&path, "%s/instance-%s/private", directory, instance);
    if (access(path.data, R_OK | X_OK) == 0)
        return path.data;
    fxi_str_fini(&path);
    return NULL;
}
