/* Prints what is in a state directory. Nothing is changed: no lock is taken and no file is made. Main thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "state/parts.h"
#include "state/show.h"
#include "util/clean.h"
#include "util/regular.h"

/* Tries both locks of directory.c. They are tried on separate descriptors, and closing these releases the locks. */
static const char *in_use(const struct fxi_state *state)
{
    static const char *const names[] = {".", "lock"};
    const char *answer = "unknown";
    for (size_t i = 0; i < 2; i++) {
        int fd = i == 0 ? openat(state->dir_fd, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                        : fxi_regular_open(state->dir_fd, names[i], O_RDONLY, NULL);
        if (fd < 0)
            continue;
        bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
        bool is_held = !is_free && errno == EWOULDBLOCK;
        close(fd);
        if (is_held)
            return "yes";
        if (is_free)
            answer = "no";
    }
    return answer;
}

static void print_time(FILE *out, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    char text[40] = "?";
    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    fprintf(out, "%s.%03dZ", text, (int)(time_ms % 1000));
}

/* Anybody may have written the directory, so its texts are made safe for the terminal. */
static void print_line(FILE *out, const char *what, const char *text)
{
    fputs(what, out);
    fxi_clean_print(out, text);
    fputc('\n', out);
}

/* False: the part is damaged. */
static bool print_part(FILE *out, struct fxi_state *state, const struct fxi_slot *slot,
                       const struct fxi_slot_part *found)
{
    struct fx_state *part = fxi_state_part(state, found->instance, found->plugin);
    struct fx_checkpoint checkpoint = {.state = part};
    struct fx_error err = FX_ERROR_INIT;
    const void *entry;
    size_t size;
    unsigned long entries = 0;
    bool is_sound = fxi_part_read(part, slot, &err) == 0;
    while (is_sound && fx_state_entry(&checkpoint, &entry, &size))
        entries++;
    fputs("  output    ", out);
    fxi_clean_print(out, found->instance);
    fputs(" (", out);
    fxi_clean_print(out, found->plugin);
    fprintf(out, "): %" PRIu64 " bytes of values, ", found->values_size);
    if (is_sound)
        fprintf(out, "%lu entries of %" PRIu64 " bytes in log-%" PRIu64 "\n", entries, found->log_size,
                found->log_generation);
    else
        print_line(out, "damaged: ", err.message);
    fxi_part_read_end(part);
    return is_sound;
}

static bool print_slot(FILE *out, struct fxi_state *state, unsigned index)
{
    const struct fxi_slot *slot = fxi_state_slot(state, index);
    if (!slot->is_valid) {
        fprintf(out, "checkpoint-%u: %s\n", index, state->faults[index][0] ? state->faults[index] : "there is none");
        return !state->faults[index][0];
    }
    fprintf(out, "checkpoint-%u: number %" PRIu64 ", written ", index, slot->number);
    print_time(out, slot->time_ms);
    fputs(slot->is_accepted ? ", accepted\n" : ", not known to be accepted: the tags beside the offsets decide\n", out);
    for (size_t i = 0; i < slot->position_count; i++) {
        const struct fxi_slot_position *position = &slot->positions[i];
        fputs("  position  ", out);
        fxi_clean_print(out, position->input);
        fputs(": ", out);
        fxi_clean_print(out, position->stream);
        if (position->partition >= 0)
            fprintf(out, " partition %d", (int)position->partition);
        fprintf(out, " at %" PRId64 "\n", position->offset);
    }
    bool is_sound = true;
    for (size_t i = 0; i < slot->part_count; i++)
        is_sound = print_part(out, state, slot, &slot->parts[i]) && is_sound;
    return is_sound;
}

int fxi_state_show(FILE *out, const char *directory, struct fx_error *err)
{
    struct fxi_state *state;
    int rc = fxi_state_open_to_read(&state, directory, err);
    if (rc)
        return rc;
    print_line(out, "directory: ", state->directory);
    fprintf(out, "identity: %s\nin use: %s\n", state->identity, in_use(state));
    bool is_sound = print_slot(out, state, 0);
    is_sound = print_slot(out, state, 1) && is_sound;
    fxi_state_close(state);
    return is_sound ? 0 : fx_error_set(err, FX_EIO, "%s: something in it can't be used", directory);
}
