/* Ring memory that lies, and descriptors that are no ring: refused, whatever they say. */
#include "common/frame_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/forged_ring.h"

static void test_absurd_geometry_is_refused(void **state)
{
    static const struct {
        enum forged_offset word;
        uint64_t value;
    } lies[] = {
        {FORGED_MAGIC, 0},
        {FORGED_VERSION, 0},
        {FORGED_VERSION, 2},
        {FORGED_SIZE, 0},
        {FORGED_SIZE, FORGED_BANK},
        {FORGED_SIZE, 3 * FORGED_BANK},
        {FORGED_BANKS, 0},
        {FORGED_BANKS, 2},
        {FORGED_BANKS, FRAME_RING_BANKS_MAX + 1},
        {FORGED_BANKS, UINT64_MAX},
        {FORGED_BANK_SIZE, 0},
        {FORGED_BANK_SIZE, 100},
        {FORGED_BANK_SIZE, 2 * FORGED_BANK},
        {FORGED_BANK_SIZE, UINT64_MAX},
        {FORGED_BANK_STRIDE, 0},
        {FORGED_BANK_STRIDE, FORGED_BANK + 8},
        {FORGED_BANK_STRIDE, 2 * FORGED_BANK},
        {FORGED_BANK_STRIDE, UINT64_MAX},
        {FORGED_BANKS_OFFSET, 0},
        {FORGED_BANKS_OFFSET, 4096},
        {FORGED_BANKS_OFFSET, FORGED_BANK + 8},
        {FORGED_BANKS_OFFSET, 2 * FORGED_BANK},
        {FORGED_BANKS_OFFSET, UINT64_MAX - 65535},
        {FORGED_GENERATION_WORD, 0},
    };
    struct frame_ring_reader *reader;
    int writable, readable;
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        forged_ring(&writable, &readable);
        forged_store(writable, lies[i].word, lies[i].value);
        assert_int_equal(frame_ring_reader_create(&reader, readable), -EBADMSG);
        assert_int_equal(fcntl(readable, F_GETFD), -1); /* it was closed */
        fd_close(&writable);
    }
    forged_ring(&writable, &readable);
    assert_int_equal(frame_ring_reader_create(&reader, readable), 0);
    frame_ring_reader_destroy(reader);
    fd_close(&writable);
}

/* A read-only descriptor of a new memfd of `size` bytes. */
static int memfd_read_only(size_t size)
{
    char path[64];
    int fd = memfd_create("forged", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int readable = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(readable >= 0);
    fd_close(&fd);
    return readable;
}

static void test_descriptors_that_are_no_ring_are_refused(void **state)
{
    struct frame_ring_reader *reader;
    int writable, readable, pipe_fds[2];
    char path[] = "/tmp/ringcast-test-XXXXXX";
    (void)state;
    assert_int_equal(frame_ring_reader_create(&reader, memfd_read_only(0)), -EBADMSG);
    assert_int_equal(frame_ring_reader_create(&reader, memfd_read_only(65535)), -EBADMSG);
    assert_int_equal(frame_ring_reader_create(&reader, memfd_read_only(65536)), -EBADMSG);
    assert_int_equal(frame_ring_reader_create(&reader, memfd_read_only((size_t)1 << 40)), -EBADMSG);

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(frame_ring_reader_create(&reader, pipe_fds[0]), -EBADMSG);
    fd_close(&pipe_fds[1]);
    assert_int_equal(frame_ring_reader_create(&reader, open("/dev/zero", O_RDONLY)), -EBADMSG);
    assert_int_equal(frame_ring_reader_create(&reader, open("/", O_PATH)), -EBADMSG);
    assert_int_equal(frame_ring_reader_create(&reader, -1), -EBADF);

    /* A good ring, but writable. */
    forged_ring(&writable, &readable);
    assert_int_equal(frame_ring_reader_create(&reader, writable), -EBADMSG);
    fd_close(&readable);

    /* A file of the right size, with a name. */
    int file = mkstemp(path);
    assert_int_equal(ftruncate(file, 2 * (off_t)FORGED_BANK), 0);
    fd_close(&file);
    assert_int_equal(frame_ring_reader_create(&reader, open(path, O_RDONLY)), -EBADMSG);
    unlink(path);
}

static void test_a_ring_cut_short_is_refused(void **state)
{
    struct frame_ring_reader *reader;
    int writable, readable;
    (void)state;
    forged_ring(&writable, &readable);
    assert_int_equal(ftruncate(writable, 2 * (off_t)FORGED_BANK - 1), 0);
    assert_int_equal(frame_ring_reader_create(&reader, readable), -EBADMSG);
    fd_close(&writable);
}

static void test_stable_nonsense_is_given_up(void **state)
{
    static const struct {
        uint64_t size, width, height;
        int result;
    } frames[] = {
        {100, 640, 480, 0},
        {0, 640, 480, -EBADMSG},
        {FORGED_BANK + 1, 640, 480, -EBADMSG},
        {UINT64_MAX, 640, 480, -EBADMSG},
        {100, UINT64_C(1) << 32, 480, -EBADMSG},
        {100, 640, UINT64_MAX, -EBADMSG},
    };
    uint8_t *buffer = xmalloc(FORGED_BANK);
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct frame_ring_reader *reader;
        struct frame_info info;
        uint64_t missed;
        int writable, readable;
        forged_ring(&writable, &readable);
        forged_store(writable, FORGED_HEAD, 5);
        forged_store(writable, FORGED_SLOTS, 5);
        forged_store(writable, FORGED_SLOTS + 56, frames[i].size);
        forged_store(writable, FORGED_SLOTS + 64, frames[i].width);
        forged_store(writable, FORGED_SLOTS + 72, frames[i].height);
        assert_int_equal(frame_ring_reader_create(&reader, readable), 0);
        assert_int_equal(frame_ring_reader_read(reader, &info, buffer, FORGED_BANK, &missed),
                         frames[i].result);
        if (frames[i].result == 0) { /* numbers only grow */
            forged_store(writable, FORGED_HEAD, 4);
            assert_int_equal(frame_ring_reader_read(reader, &info, buffer, FORGED_BANK, &missed),
                             -EBADMSG);
        }
        frame_ring_reader_destroy(reader);
        fd_close(&writable);
    }
    free(buffer);
}

static void test_a_bank_being_rewritten_is_an_overrun(void **state)
{
    struct frame_ring_reader *reader;
    uint8_t *buffer = xmalloc(FORGED_BANK);
    struct frame_info info;
    uint64_t missed;
    int writable, readable;
    (void)state;
    forged_ring(&writable, &readable);
    forged_store(writable, FORGED_HEAD, 5);
    forged_store(writable, FORGED_SLOTS, 0);
    assert_int_equal(frame_ring_reader_create(&reader, readable), 0);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, FORGED_BANK, &missed),
                     -EOVERFLOW);
    forged_store(writable, FORGED_HEAD, 4); /* one less than was there, which nobody has taken */
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, FORGED_BANK, &missed), -EBADMSG);
    frame_ring_reader_destroy(reader);
    fd_close(&writable);
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absurd_geometry_is_refused),
        cmocka_unit_test(test_descriptors_that_are_no_ring_are_refused),
        cmocka_unit_test(test_a_ring_cut_short_is_refused),
        cmocka_unit_test(test_stable_nonsense_is_given_up),
        cmocka_unit_test(test_a_bank_being_rewritten_is_an_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
