/* The parts of the state directory: checksums, tags, and slots that are cut off or changed anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "state/crc.h"
#include "state/slot.h"
#include "state/directory.h"

/* From RFC 3720, B.4, and the usual check value. */
static void checksums(void **state)
{
    (void)state;
    unsigned char zeros[32] = {0}, ones[32], data[1031];
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(fxi_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(fxi_crc32c(0, zeros, sizeof zeros), 0x8a9136aa);
    assert_int_equal(fxi_crc32c(0, ones, sizeof ones), 0x62a8ab43);
    assert_int_equal(fxi_crc32c(0, "", 0), 0);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7919 >> 3);
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; from + size <= sizeof data; size += 1 + size / 9) {
            uint32_t whole = fxi_crc32c(0, data + from, size);
            assert_int_equal(whole, fxi_crc32c_portable(0, data + from, size));
            assert_int_equal(whole,
                             fxi_crc32c(fxi_crc32c(0, data + from, size / 3), data + from + size / 3, size - size / 3));
        }
    }
}

#define ME    "0123456789abcdef"
#define OTHER "fedcba9876543210"

static void tags(void **state)
{
    (void)state;
    char buffer[FX_TAGS_BYTES];
    fx_tags_add(buffer, ME ":7", NULL, 0);
    assert_string_equal(buffer, ME ":7");
    static const char old[] = OTHER ":3 " ME ":6 rubbish " ME "-:5 " OTHER "-:2  " OTHER ": " OTHER ":x " OTHER ":1x";
    fx_tags_add(buffer, ME ":7", old, sizeof old - 1);
    assert_string_equal(buffer, ME ":7 " OTHER ":3 " OTHER "-:2");
    assert_true(fx_tags_have(buffer, strlen(buffer), OTHER ":3"));
    assert_true(fx_tags_have(buffer, strlen(buffer), OTHER "-:2"));
    assert_false(fx_tags_have(buffer, strlen(buffer), OTHER ":2"));
    assert_false(fx_tags_have(buffer, strlen(ME ":7 " OTHER), OTHER ":3")); /* cut off */
    assert_false(fx_tags_have(NULL, 0, ME ":7"));
    assert_false(fx_tags_have("anything that another program stores", 36, ME ":7"));
}

static void a_list_of_tags_has_a_bound(void **state)
{
    (void)state;
    char old[FX_TAGS_BYTES] = "", buffer[FX_TAGS_BYTES];
    for (unsigned i = 0; i < 40; i++) {
        char tag[FXI_TAG_BYTES];
        snprintf(tag, sizeof tag, "%016x:9999999999999999999", i);
        fx_tags_add(buffer, tag, old, strlen(old));
        memcpy(old, buffer, sizeof old);
        unsigned count = 0;
        const char *at = buffer;
        struct fxi_tag found;
        while (fxi_tag_next(&at, buffer + strlen(buffer), &found))
            count++;
        assert_int_equal(count, i + 1 < FX_TAGS_MAX ? i + 1 : FX_TAGS_MAX);
    }
}

/* ---- slots */

struct place {
    char name[64];
    int fd;
};

static int setup(void **state)
{
    static struct place place;
    snprintf(place.name, sizeof place.name, "/tmp/test-state-XXXXXX");
    if (!mkdtemp(place.name))
        return -1;
    place.fd = open(place.name, O_RDONLY | O_DIRECTORY);
    *state = &place;
    return place.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    unlinkat(place->fd, "checkpoint-0", 0);
    unlinkat(place->fd, "checkpoint-1", 0);
    close(place->fd);
    return rmdir(place->name);
}

static struct fxi_slot_position positions[] = {{(char *)(uintptr_t) "in", (char *)(uintptr_t) "topic", 3, 4711},
                                               {(char *)(uintptr_t) "in", (char *)(uintptr_t) "topic", -1, INT64_MAX}};
static struct fxi_slot_part parts[] = {{.instance = (char *)(uintptr_t) "out",
                                        .plugin = (char *)(uintptr_t) "output-x",
                                        .values_size = 80,
                                        .log_generation = 2,
                                        .log_size = 160,
                                        .log_base = 96,
                                        .values_crc = 1,
                                        .log_crc = 2}};

static void write_slot(const struct place *place, uint64_t number, size_t position_count)
{
    struct fxi_slot slot = {.index = 0,
                            .number = number,
                            .identity = ME,
                            .time_ms = 1700000000000,
                            .positions = positions,
                            .position_count = position_count,
                            .parts = parts,
                            .part_count = 1};
    assert_int_equal(fxi_slot_write(place->fd, &slot), 0);
}

static void a_slot_comes_back(void **state)
{
    const struct place *place = *state;
    struct fxi_slot slot = {0};
    char message[200];
    assert_int_equal(fxi_slot_read(place->fd, 0, &slot, message, sizeof message), FXI_SLOT_ABSENT);
    write_slot(place, 41, 2);
    assert_int_equal(fxi_slot_read(place->fd, 0, &slot, message, sizeof message), FXI_SLOT_SOUND);
    assert_false(slot.is_accepted);
    assert_int_equal(fxi_slot_mark(place->fd, &slot), 0);
    assert_int_equal(fxi_slot_read(place->fd, 0, &slot, message, sizeof message), FXI_SLOT_SOUND);
    assert_true(slot.is_accepted);
    assert_int_equal(slot.number, 41);
    assert_string_equal(slot.identity, ME);
    assert_int_equal(slot.position_count, 2);
    assert_string_equal(slot.positions[1].stream, "topic");
    assert_int_equal(slot.positions[1].offset, INT64_MAX);
    const struct fxi_slot_part *part = fxi_slot_find(&slot, "out");
    assert_non_null(part);
    assert_int_equal(part->log_base, 96);
    assert_null(fxi_slot_find(&slot, "in"));
    write_slot(place, 43, 1); /* a shorter slot in the same file; the old mark is gone */
    assert_int_equal(fxi_slot_read(place->fd, 0, &slot, message, sizeof message), FXI_SLOT_SOUND);
    assert_false(slot.is_accepted);
    assert_int_equal(slot.number, 43);
    assert_int_equal(slot.position_count, 1);
    fxi_slot_fini(&slot);
}

static char *read_all(const struct place *place, size_t *size)
{
    int fd = openat(place->fd, "checkpoint-0", O_RDONLY);
    char *data = malloc(65536);
    ssize_t got = read(fd, data, 65536);
    close(fd);
    *size = (size_t)got;
    return data;
}

static void write_all(const struct place *place, const char *data, size_t size)
{
    int fd = openat(place->fd, "checkpoint-0", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void whatever_is_wrong_with_it_is_noticed(void **state)
{
    const struct place *place = *state;
    struct fxi_slot slot = {0};
    char message[200];
    size_t size;
    write_slot(place, 41, 2);
    char *data = read_all(place, &size);
    for (size_t cut = 0; cut < size; cut++) {
        write_all(place, data, cut);
        enum fxi_slot_fault fault = fxi_slot_read(place->fd, 0, &slot, message, sizeof message);
        assert_true(fault != FXI_SLOT_SOUND && fault != FXI_SLOT_ABSENT && !slot.is_valid);
        assert_true(message[0]);
    }
    for (size_t at = 0; at < size; at++) {
        data[at] ^= 0x5a;
        write_all(place, data, size);
        enum fxi_slot_fault fault = fxi_slot_read(place->fd, 0, &slot, message, sizeof message);
        if (at < FXI_SLOT_BODY) /* a changed mark counts as none */
            assert_true(fault == FXI_SLOT_SOUND && !slot.is_accepted);
        else
            assert_true(fault != FXI_SLOT_SOUND && !slot.is_valid && message[0]);
        data[at] ^= 0x5a;
    }
    free(data);
    fxi_slot_fini(&slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums),
        cmocka_unit_test(tags),
        cmocka_unit_test(a_list_of_tags_has_a_bound),
        cmocka_unit_test_setup_teardown(a_slot_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(whatever_is_wrong_with_it_is_noticed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
