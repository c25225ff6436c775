#include "common/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/memory.h"

static char folder[64];

/* `name` below the test's folder; valid until the next call but one. */
static const char *below(const char *name)
{
    static char paths[2][256];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ringcast-fd-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char *command = xasprintf("rm -rf '%s'", folder);
    int result = system(command);
    free(command);
    return result;
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static size_t entries_of_folder(void)
{
    size_t count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    while (readdir(entries) != NULL) {
        count++;
    }
    closedir(entries);
    return count - 2; /* "." and ".." */
}

static void test_close(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY);
    int copy = fd, none = -1;
    errno = EAGAIN;
    fd_close(&fd);
    fd_close(&none);
    assert_int_equal(fd, -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
}

static void test_nonblocking(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fd_set_nonblocking(ends[0]), 0);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(fd_set_nonblocking(ends[0]), -EBADF);
}

static void test_file_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 300000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *written = xmalloc(sizes[i]), *read_back = NULL;
        size_t size = 0;
        for (size_t j = 0; j < sizes[i]; j++) {
            written[j] = (uint8_t)(j * 31 + j / 256);
        }
        assert_int_equal(fd_write_file(below("file"), written, sizes[i]), 0);
        assert_int_equal(fd_read_file(below("file"), sizes[i], &read_back, &size), 0);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(read_back, written, size);
        assert_int_equal(read_back[size], 0);
        free(read_back);
        if (sizes[i] > 0) {
            assert_int_equal(fd_read_file(below("file"), sizes[i] - 1, &read_back, &size), -EFBIG);
        }
        free(written);
    }
    assert_int_equal(entries_of_folder(), 1);
}

static void test_reading_what_is_no_file(void **state)
{
    uint8_t *data;
    size_t size;
    (void)state;
    assert_int_equal(fd_read_file(below("missing"), 10, &data, &size), -ENOENT);
    assert_int_equal(fd_read_file(folder, 10, &data, &size), -EISDIR);
}

/* A reader that opened the old file keeps the old file; nobody sees a mixture. */
static void test_writing_replaces_whole(void **state)
{
    char text[8] = "";
    (void)state;
    assert_int_equal(fd_write_file(below("file"), "old", 3), 0);
    int old = open(below("file"), O_RDONLY);
    assert_true(old >= 0);
    assert_int_equal(fd_write_file(below("file"), "newer", 5), 0);
    assert_int_equal(read(old, text, sizeof text), 3);
    assert_memory_equal(text, "old", 3);
    close(old);
}

static void test_writing_where_nothing_can_be(void **state)
{
    (void)state;
    assert_int_equal(fd_write_file(below("missing/file"), "x", 1), -ENOENT);
    assert_int_equal(mkdir(below("taken"), 0700), 0);
    assert_true(fd_write_file(below("taken"), "x", 1) < 0);
    assert_int_equal(entries_of_folder(), 1); /* no temporary file left */
}

static void test_directory(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    assert_int_equal(fd_make_directory(below("a/b/c/")), 0);
    umask(mask);
    assert_int_equal(mode_of(below("a/b/c")), 0755);
    assert_int_equal(fd_make_directory(below("a/b/c")), 0);
    assert_int_equal(fd_write_file(below("file"), "", 0), 0);
    assert_int_equal(fd_make_directory(below("file/c")), -ENOTDIR);
    assert_int_equal(fd_make_directory(""), -ENOENT);
}

static void test_private_directory(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    assert_int_equal(fd_make_private_directory(below("a/b/run")), 0);
    umask(mask);
    assert_int_equal(mode_of(below("a/b/run")), 0700);
    assert_int_equal(mode_of(below("a")), 0755);
    assert_int_equal(fd_make_private_directory(below("a/b/run")), 0);
    assert_int_equal(fd_make_private_directory(below("a/b/run/")), 0);
}

static void test_directory_that_is_not_private(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("open"), 0700), 0);
    assert_int_equal(chmod(below("open"), 0750), 0);
    assert_int_equal(fd_make_private_directory(below("open")), -EPERM);
    assert_int_equal(fd_write_file(below("file"), "", 0), 0);
    assert_int_equal(fd_make_private_directory(below("file")), -ENOTDIR);
    assert_int_equal(fd_make_private_directory(below("file/run")), -ENOTDIR);
    /* A link could lead to a folder that somebody else swaps. */
    assert_int_equal(mkdir(below("own"), 0700), 0);
    assert_int_equal(symlink(below("own"), below("link")), 0);
    assert_int_equal(fd_make_private_directory(below("link")), -ENOTDIR);
}

static void test_directory_of_somebody_else(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        /* An ordinary user cannot give a folder away, but /proc/1 is never this user's own. */
        assert_int_equal(fd_make_private_directory("/proc/1"), -EPERM);
        return;
    }
    assert_int_equal(mkdir(below("foreign"), 0700), 0);
    assert_int_equal(chown(below("foreign"), 12345, 12345), 0);
    assert_int_equal(fd_make_private_directory(below("foreign")), -EPERM);
}

static void test_shared_memory(void **state)
{
    enum { SIZE = 1 << 20 };
    int writable, readable;
    struct stat status;
    (void)state;
    assert_int_equal(fd_shared_memory(SIZE, &writable, &readable), 0);
    assert_int_equal(fstat(readable, &status), 0);
    assert_int_equal(status.st_size, SIZE);
    assert_int_equal(status.st_nlink, 0);        /* nothing to leave behind */
    assert_true(status.st_blocks * 512 >= SIZE); /* really allocated */
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true((fcntl(writable, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(readable, F_GETFD) & FD_CLOEXEC) != 0);
    char *out = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0);
    char *in = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, readable, 0);
    assert_true(out != MAP_FAILED && in != MAP_FAILED);
    out[SIZE - 1] = 42;
    assert_int_equal(in[SIZE - 1], 42);
    assert_true(mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, readable, 0) == MAP_FAILED);
    munmap(out, SIZE);
    munmap(in, SIZE);
    fd_close(&writable);
    fd_close(&readable);
}

static void test_shared_memory_that_does_not_fit(void **state)
{
    int writable = 3, readable = 4;
    (void)state;
    assert_true(fd_shared_memory((size_t)1 << 60, &writable, &readable) < 0);
    assert_int_equal(writable, -1);
    assert_int_equal(readable, -1);
}

static void test_raise_limit(void **state)
{
    struct rlimit before, limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    fd_raise_limit();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_close),
        TEST(test_nonblocking),
        TEST(test_raise_limit),
        TEST(test_file_of_any_size),
        TEST(test_reading_what_is_no_file),
        TEST(test_writing_replaces_whole),
        TEST(test_writing_where_nothing_can_be),
        TEST(test_directory),
        TEST(test_private_directory),
        TEST(test_directory_that_is_not_private),
        TEST(test_directory_of_somebody_else),
        TEST(test_shared_memory),
        TEST(test_shared_memory_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
