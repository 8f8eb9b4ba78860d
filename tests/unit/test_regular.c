/* Files that must be regular. Any other kind is refused at once, by its name, and is not opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/regular.h"

static char folder[] = "/tmp/regular-XXXXXX";

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **unused)
{
    (void)unused;
    static const char *const names[] = {"fifo", "socket", "file", "link", "loop"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    return chdir("/") || rmdir(folder);
}

static void assert_refused(const char *path, int flags, const char *kind)
{
    const char *why = NULL;
    assert_int_equal(fx_file_open(path, flags, &why), -FXI_NOT_REGULAR);
    assert_non_null(strstr(why, kind));
    assert_int_equal(fxi_regular_open(AT_FDCWD, path, flags, NULL), -FXI_NOT_REGULAR);
}

/* Opens each kind for reading, for writing, and as a new file. Without the check the first open would wait for ever. */
static void others_are_refused(void **unused)
{
    (void)unused;
    static const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_CREAT, O_RDWR | O_CREAT | O_APPEND};
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mknod("socket", S_IFSOCK | 0600, 0), 0);
    assert_int_equal(symlink("fifo", "link"), 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        assert_refused("fifo", ways[i], "FIFO");
        assert_refused("link", ways[i], "FIFO");
        assert_refused("socket", ways[i], "socket");
        assert_refused("/dev/null", ways[i], "device");
        assert_refused(".", ways[i], "folder");
    }
}

static void errors_are_the_systems(void **unused)
{
    (void)unused;
    const char *why = NULL;
    assert_int_equal(fx_file_open("absent", O_RDONLY, &why), -ENOENT);
    assert_string_equal(why, strerror(ENOENT));
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(fx_file_open("loop", O_RDONLY, &why), -ELOOP);
    assert_string_equal(fxi_regular_reason(ENOENT), strerror(ENOENT));
    assert_non_null(strstr(fxi_regular_reason(FXI_NOT_REGULAR), "regular"));
}

static void regular_ones_are_opened(void **unused)
{
    (void)unused;
    const char *why;
    char data[8];
    size_t size;
    int fd = fx_file_open("file", O_RDWR | O_CREAT | O_EXCL, &why);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(pwrite(fd, "hello", 5, 0), 5);
    assert_int_equal(fxi_regular_read(fd, data, sizeof data, &size), 0);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "hello", 5);
    close(fd);
    assert_int_equal(fx_file_open("file", O_RDWR | O_CREAT | O_EXCL, &why), -EEXIST);
    fd = fx_file_open("file", O_WRONLY | O_APPEND, &why);
    assert_int_equal(fcntl(fd, F_GETFL) & O_APPEND, O_APPEND);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(errors_are_the_systems),
        cmocka_unit_test(regular_ones_are_opened),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
