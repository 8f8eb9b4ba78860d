/* Reads, writes and marks slots. One thread at a time. Everything that is read is checked before use. */
#include "state/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/crc.h"
#include "state/small_file.h"
#include "util/alloc.h"
#include "util/regular.h"
#include "util/str.h"

#define VERSION    1u
#define ORDER      0x01020304u
#define BODY_MAX   ((uint64_t)256 << 20)
#define MARK_MAGIC "FXACCEPT"
#define BODY_MAGIC "FXSTATE1"
#define WORK_MAGIC "FXWRITES" /* stands in place of BODY_MAGIC while the body is written */

struct mark {
    char magic[8];
    uint64_t number;
    uint64_t reserved;
    uint32_t zero;
    uint32_t crc; /* of everything before it */
};

struct header {
    char magic[8];
    uint32_t order, version; /* first, so that every version can read them */
    uint32_t word_bytes;
    uint32_t crc; /* of the whole body, with crc taken as 0 */
    uint64_t body_size, number;
    int64_t time_ms;
    char identity[FXI_IDENTITY_SIZE];
    uint32_t position_count, part_count;
};

void fxi_slot_fini(struct fxi_slot *slot)
{
    for (size_t i = 0; i < slot->position_count; i++) {
        free(slot->positions[i].stream);
        free(slot->positions[i].input);
    }
    for (size_t i = 0; i < slot->part_count; i++) {
        free(slot->parts[i].instance);
        free(slot->parts[i].plugin);
    }
    free(slot->positions);
    free(slot->parts);
    *slot = (struct fxi_slot){0};
}

void fxi_slot_move(struct fxi_slot *to, struct fxi_slot *from)
{
    fxi_slot_fini(to);
    *to = *from;
    *from = (struct fxi_slot){0};
}

const struct fxi_slot_part *fxi_slot_find(const struct fxi_slot *slot, const char *instance)
{
    for (size_t i = 0; i < slot->part_count; i++)
        if (strcmp(slot->parts[i].instance, instance) == 0)
            return &slot->parts[i];
    return NULL;
}

/* ---- writing */

static void add_text(struct fxi_str *body, const char *text)
{
    uint32_t size = (uint32_t)strlen(text);
    fxi_str_add(body, (const char *)&size, sizeof size);
    fxi_str_add(body, text, size);
}

static void add_raw(struct fxi_str *body, const void *data, size_t size)
{
    fxi_str_add(body, data, size);
}

static void make_body(struct fxi_str *body, const struct fxi_slot *slot)
{
    struct header header = {.order = ORDER,
                            .version = VERSION,
                            .word_bytes = sizeof(void *),
                            .number = slot->number,
                            .time_ms = slot->time_ms,
                            .position_count = (uint32_t)slot->position_count,
                            .part_count = (uint32_t)slot->part_count};
    memcpy(header.magic, BODY_MAGIC, sizeof header.magic);
    memcpy(header.identity, slot->identity, sizeof header.identity);
    add_raw(body, &header, sizeof header);
    for (size_t i = 0; i < slot->position_count; i++) {
        const struct fxi_slot_position *position = &slot->positions[i];
        add_text(body, position->input);
        add_text(body, position->stream);
        add_raw(body, &position->partition, sizeof position->partition);
        add_raw(body, &position->offset, sizeof position->offset);
    }
    for (size_t i = 0; i < slot->part_count; i++) {
        const struct fxi_slot_part *part = &slot->parts[i];
        const uint64_t numbers[] = {part->values_size, part->log_generation, part->log_size, part->log_base};
        add_text(body, part->instance);
        add_text(body, part->plugin);
        add_raw(body, numbers, sizeof numbers);
        add_raw(body, &part->values_crc, sizeof part->values_crc);
        add_raw(body, &part->log_crc, sizeof part->log_crc);
    }
    struct header *first = (struct header *)(void *)body->data;
    first->body_size = body->size;
    first->crc = fxi_crc32c(0, body->data, body->size);
}

/*
 * First the mark is cleared, then the body is written, and the body's first bytes come last. If the process is killed,
 * the file is known to be unfinished. It can't be taken for a damaged one.
 */
static int write_body(int fd, const struct fxi_str *body)
{
    char begin[FXI_SLOT_BODY + sizeof WORK_MAGIC - 1] = {0};
    size_t magic = sizeof WORK_MAGIC - 1;
    memcpy(begin + FXI_SLOT_BODY, WORK_MAGIC, magic);
    int rc = fxi_file_write(fd, begin, sizeof begin, 0);
    if (!rc)
        rc = fxi_file_write(fd, body->data + magic, body->size - magic, sizeof begin);
    if (!rc)
        rc = fxi_file_write(fd, body->data, magic, FXI_SLOT_BODY);
    if (!rc && fdatasync(fd))
        rc = errno;
    return rc;
}

int fxi_slot_write(int dir_fd, const struct fxi_slot *slot)
{
    struct fxi_str body = {0};
    char name[24];
    snprintf(name, sizeof name, "checkpoint-%u", slot->index);
    int fd = fxi_file_open(dir_fd, name, O_WRONLY);
    if (fd < 0)
        return -fd;
    make_body(&body, slot);
    int rc = write_body(fd, &body);
    if (close(fd) && !rc)
        rc = errno;
    fxi_str_fini(&body);
    return rc;
}

static struct mark make_mark(uint64_t number)
{
    struct mark mark = {.number = number};
    memcpy(mark.magic, MARK_MAGIC, sizeof mark.magic);
    mark.crc = fxi_crc32c(0, &mark, offsetof(struct mark, crc));
    return mark;
}

int fxi_slot_mark(int dir_fd, const struct fxi_slot *slot)
{
    struct mark mark = make_mark(slot->number);
    char name[24];
    snprintf(name, sizeof name, "checkpoint-%u", slot->index);
    int fd = fxi_regular_open(dir_fd, name, O_WRONLY, NULL);
    if (fd < 0)
        return -fd;
    int rc = fxi_file_write(fd, &mark, sizeof mark, 0);
    close(fd);
    return rc;
}

void fxi_slot_drop(int dir_fd, struct fxi_slot *slot)
{
    char name[24];
    unsigned index = slot->index;
    snprintf(name, sizeof name, "checkpoint-%u", index);
    int fd = fxi_regular_open(dir_fd, name, O_WRONLY, NULL);
    if (fd >= 0) {
        /* If this fails, the slot stays as it was: without a mark, so tags decide about it. */
        (void)!fxi_file_write(fd, WORK_MAGIC, sizeof WORK_MAGIC - 1, FXI_SLOT_BODY);
        close(fd);
    }
    fxi_slot_fini(slot);
    slot->index = index;
}

int fxi_slot_sync(int dir_fd, unsigned index)
{
    char name[24];
    snprintf(name, sizeof name, "checkpoint-%u", index);
    int fd = fxi_regular_open(dir_fd, name, O_WRONLY, NULL);
    if (fd < 0)
        return -fd;
    int rc = fdatasync(fd) ? errno : 0;
    close(fd);
    return rc;
}

/* ---- reading */

struct cursor {
    const char *at, *end;
    bool failed;
};

static void take_raw(struct cursor *cursor, void *to, size_t size)
{
    if (cursor->failed || (size_t)(cursor->end - cursor->at) < size) {
        cursor->failed = true;
        memset(to, 0, size);
        return;
    }
    memcpy(to, cursor->at, size);
    cursor->at += size;
}

static char *take_text(struct cursor *cursor)
{
    uint32_t size;
    take_raw(cursor, &size, sizeof size);
    if (cursor->failed || (size_t)(cursor->end - cursor->at) < size) {
        cursor->failed = true;
        size = 0;
    }
    char *text = fxi_strndup(cursor->at, size);
    cursor->at += size;
    return text;
}

static void take_positions(struct cursor *cursor, struct fxi_slot *slot, uint32_t count)
{
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        slot->positions = fxi_realloc(slot->positions, i + 1, sizeof *slot->positions);
        struct fxi_slot_position *position = &slot->positions[i];
        position->input = take_text(cursor);
        position->stream = take_text(cursor);
        take_raw(cursor, &position->partition, sizeof position->partition);
        take_raw(cursor, &position->offset, sizeof position->offset);
        slot->position_count = i + 1;
    }
}

static void take_parts(struct cursor *cursor, struct fxi_slot *slot, uint32_t count)
{
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        uint64_t numbers[4];
        slot->parts = fxi_realloc(slot->parts, i + 1, sizeof *slot->parts);
        struct fxi_slot_part *part = &slot->parts[i];
        part->instance = take_text(cursor);
        part->plugin = take_text(cursor);
        take_raw(cursor, numbers, sizeof numbers);
        take_raw(cursor, &part->values_crc, sizeof part->values_crc);
        take_raw(cursor, &part->log_crc, sizeof part->log_crc);
        part->values_size = numbers[0];
        part->log_generation = numbers[1];
        part->log_size = numbers[2];
        part->log_base = numbers[3];
        slot->part_count = i + 1;
    }
}

static enum fxi_slot_fault say(enum fxi_slot_fault fault, char *message, size_t size, const char *text)
{
    snprintf(message, size, "%s", text);
    return fault;
}

static enum fxi_slot_fault check_header(char *body, size_t body_size, struct header *header, char *message, size_t size)
{
    memcpy(header, body, sizeof *header);
    if (memcmp(header->magic, WORK_MAGIC, sizeof header->magic) == 0)
        return say(FXI_SLOT_UNFINISHED, message, size, "it was not written completely");
    if (memcmp(header->magic, BODY_MAGIC, 7) != 0)
        return say(FXI_SLOT_FOREIGN, message, size, "it is not a checkpoint of flow-exporter");
    if (header->order != ORDER)
        return say(FXI_SLOT_FOREIGN, message, size, "it was written by a machine with another byte order");
    if (header->version != VERSION) {
        snprintf(message, size, "it has the format %" PRIu32 " of %s flow-exporter; this one has format %u",
                 header->version, header->version > VERSION ? "a newer" : "an older", VERSION);
        return header->version > VERSION ? FXI_SLOT_NEWER : FXI_SLOT_OLDER;
    }
    if (header->word_bytes != sizeof(void *))
        return say(FXI_SLOT_FOREIGN, message, size, "it was written by a machine with another word size");
    if (header->body_size != body_size)
        return say(FXI_SLOT_DAMAGED, message, size, "it is truncated");
    ((struct header *)(void *)body)->crc = 0;
    if (fxi_crc32c(0, body, body_size) != header->crc)
        return say(FXI_SLOT_DAMAGED, message, size, "its checksum is wrong");
    return FXI_SLOT_SOUND;
}

static enum fxi_slot_fault parse(char *data, size_t data_size, struct fxi_slot *slot, char *message, size_t size)
{
    struct header header;
    if (data_size < FXI_SLOT_BODY + sizeof header)
        return say(FXI_SLOT_DAMAGED, message, size, data_size ? "it is truncated" : "it is empty");
    char *body = data + FXI_SLOT_BODY;
    /* The file may be longer than the body: a longer body may have been there before. */
    memcpy(&header, body, sizeof header);
    size_t body_size = data_size - FXI_SLOT_BODY;
    if (memcmp(header.magic, BODY_MAGIC, 7) == 0 && header.body_size >= sizeof header && header.body_size < body_size)
        body_size = header.body_size;
    enum fxi_slot_fault fault = check_header(body, body_size, &header, message, size);
    if (fault)
        return fault;
    struct cursor cursor = {body + sizeof header, body + body_size, false};
    take_positions(&cursor, slot, header.position_count);
    take_parts(&cursor, slot, header.part_count);
    if (cursor.failed)
        return say(FXI_SLOT_DAMAGED, message, size, "it ends too early");
    slot->number = header.number;
    slot->time_ms = header.time_ms;
    memcpy(slot->identity, header.identity, FXI_IDENTITY_SIZE);
    slot->is_valid = true;
    return FXI_SLOT_SOUND;
}

/* Whether the mark differs in at most four bytes. Then it can't be anything else. */
static bool is_nearly(const struct mark *found, const struct mark *wanted)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof *wanted; i++)
        wrong += ((const unsigned char *)found)[i] != ((const unsigned char *)wanted)[i];
    return wrong <= 4;
}

static void take_mark(const char *data, size_t data_size, struct fxi_slot *slot)
{
    struct mark mark, nothing = {.number = 0};
    slot->mark = FXI_MARK_DAMAGED;
    if (data_size < sizeof mark)
        return;
    memcpy(&mark, data, sizeof mark);
    if (is_nearly(&mark, &nothing)) {
        slot->mark = FXI_MARK_NONE;
    } else if (memcmp(mark.magic, MARK_MAGIC, sizeof mark.magic) == 0 &&
               mark.crc == fxi_crc32c(0, &mark, offsetof(struct mark, crc))) {
        slot->mark = FXI_MARK_SOUND;
        slot->mark_number = mark.number;
    }
    struct mark ours = make_mark(slot->number);
    if (slot->mark == FXI_MARK_DAMAGED && slot->is_valid && is_nearly(&mark, &ours)) {
        slot->mark = FXI_MARK_SOUND;
        slot->mark_number = slot->number;
    }
    slot->is_accepted = slot->is_valid && slot->mark == FXI_MARK_SOUND && slot->mark_number == slot->number;
}

enum fxi_slot_fault fxi_slot_read(int dir_fd, unsigned index, struct fxi_slot *slot, char *message, size_t size)
{
    char name[24], *data;
    size_t data_size;
    snprintf(name, sizeof name, "checkpoint-%u", index);
    fxi_slot_fini(slot);
    slot->index = index;
    *message = '\0';
    int rc = fxi_file_get(dir_fd, name, BODY_MAX, &data, &data_size);
    if (rc == ENOENT)
        return FXI_SLOT_ABSENT;
    if (rc) {
        slot->mark = FXI_MARK_DAMAGED;
        return say(FXI_SLOT_UNREADABLE, message, size, fxi_regular_reason(rc));
    }
    enum fxi_slot_fault fault = parse(data, data_size, slot, message, size);
    if (fault) {
        fxi_slot_fini(slot);
        slot->index = index;
        slot->is_unfinished = fault == FXI_SLOT_UNFINISHED;
    }
    take_mark(data, data_size, slot);
    free(data);
    return fault;
}
