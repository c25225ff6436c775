/* The ring in one process: what is published is read, and what overtakes a reader is noticed. */
#include "common/frame_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/memory.h"

#define BANK       ((size_t)256 * 1024)
#define GENERATION UINT64_C(1767789045123456789)

static struct frame_ring_reader *reader_of(const struct frame_ring *ring)
{
    struct frame_ring_reader *reader;
    int fd = fcntl(frame_ring_descriptor(ring), F_DUPFD_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(frame_ring_reader_create(&reader, fd), 0);
    return reader;
}

static struct frame_ring *ring_of(unsigned banks)
{
    struct frame_ring *ring;
    assert_int_equal(frame_ring_create(&ring, BANK, banks, GENERATION), 0);
    return ring;
}

/* Publishes `size` bytes of the value `number` modulo 256, and says that it was
 * the frame `number`. */
static void publish(struct frame_ring *ring, uint64_t number, uint32_t size)
{
    uint8_t *jpeg = xmalloc(size);
    memset(jpeg, (int)(number % 256), size);
    struct frame_info info = {.size = size};
    assert_int_equal(frame_ring_publish(ring, &info, jpeg), 0);
    assert_int_equal(info.number, number);
    assert_int_equal(info.generation, GENERATION);
    free(jpeg);
}

static void assert_frame(const uint8_t *buffer, const struct frame_info *info, uint64_t number)
{
    assert_int_equal(info->number, number);
    for (uint32_t i = 0; i < info->size; i++) {
        assert_int_equal(buffer[i], number % 256);
    }
}

static void test_bank_size_follows_the_first_frame(void **state)
{
    static const struct {
        size_t first, larger_than, max, bank;
    } cases[] = {
        {1, 0, 4 << 20, 256 << 10},
        {128 << 10, 0, 4 << 20, 256 << 10},
        {(128 << 10) + 1, 0, 4 << 20, 320 << 10},
        {300000, 0, 4 << 20, 640 << 10},
        {3 << 20, 0, 4 << 20, 4 << 20},
        {1, 0, 100000, 128 << 10},
        {(256 << 10) + 1, 256 << 10, 4 << 20, 512 << 10},
        {(640 << 10) + 1, 640 << 10, 4 << 20, 1 << 20},
        {3 << 20, 256 << 10, 4 << 20, 4 << 20},
        {4500000, 1 << 20, 5000000, 5046272},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(frame_ring_bank_size(cases[i].first, cases[i].larger_than, cases[i].max),
                         cases[i].bank);
    }
}

static void test_impossible_rings_are_not_made(void **state)
{
    struct frame_ring *ring = NULL;
    (void)state;
    assert_int_equal(frame_ring_create(&ring, 0, 3, GENERATION), -EINVAL);
    assert_int_equal(frame_ring_create(&ring, BANK + 1, 3, GENERATION), -EINVAL);
    assert_int_equal(frame_ring_create(&ring, 2 * (size_t)FRAME_RING_BANK_BYTES_MAX, 3, GENERATION),
                     -EINVAL);
    assert_int_equal(frame_ring_create(&ring, BANK, 0, GENERATION), -EINVAL);
    assert_int_equal(frame_ring_create(&ring, BANK, FRAME_RING_BANKS_MAX + 1, GENERATION), -EINVAL);
    assert_int_equal(frame_ring_create(&ring, BANK, 3, 0), -EINVAL);
    assert_null(ring);
}

static void test_a_frame_comes_out_as_it_went_in(void **state)
{
    static const uint32_t sizes[] = {1, 7, 8, 9, 4096, BANK - 1, BANK};
    struct frame_ring *ring = ring_of(3);
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t *jpeg = xmalloc(BANK), *buffer = xmalloc(BANK);
    (void)state;
    assert_int_equal(frame_ring_size(ring), 65536 + 3 * BANK);
    assert_int_equal(frame_ring_reader_generation(reader), GENERATION);
    assert_int_equal(frame_ring_reader_capacity(reader), BANK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct frame_info in = {.captured_ns = 11,
                                .captured_realtime_ns = UINT64_MAX,
                                .received_ns = 13,
                                .source_number = 14,
                                .source_time_ns = 15,
                                .size = sizes[i],
                                .width = 1920,
                                .height = UINT32_MAX};
        struct frame_info out;
        uint64_t missed = 99, before = clock_monotonic_ns();
        for (size_t j = 0; j < sizes[i]; j++) {
            jpeg[j] = (uint8_t)(j * 31 + i);
        }
        assert_int_equal(frame_ring_publish(ring, &in, jpeg), 0);
        assert_in_range(in.published_ns, before, clock_monotonic_ns());
        assert_int_equal(frame_ring_reader_newest(reader), i + 1);
        assert_int_equal(frame_ring_reader_unseen(reader), 1);
        assert_int_equal(frame_ring_reader_read(reader, &out, buffer, BANK, &missed), 0);
        assert_int_equal(missed, 0);
        assert_int_equal(out.generation, GENERATION);
        assert_int_equal(out.number, i + 1);
        assert_int_equal(out.captured_ns, 11);
        assert_true(out.captured_realtime_ns == UINT64_MAX);
        assert_int_equal(out.received_ns, 13);
        assert_int_equal(out.published_ns, in.published_ns);
        assert_int_equal(out.source_number, 14);
        assert_int_equal(out.source_time_ns, 15);
        assert_int_equal(out.size, sizes[i]);
        assert_int_equal(out.width, 1920);
        assert_int_equal(out.height, UINT32_MAX);
        assert_memory_equal(buffer, jpeg, sizes[i]);
    }
    free(jpeg);
    free(buffer);
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
}

static void test_nothing_new_is_not_a_frame(void **state)
{
    const unsigned *banks = *state;
    struct frame_ring *ring = ring_of(*banks);
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t *buffer = xmalloc(BANK);
    struct frame_info info;
    uint64_t missed;
    assert_int_equal(frame_ring_reader_newest(reader), 0);
    assert_int_equal(frame_ring_reader_unseen(reader), 0);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK, &missed), -EAGAIN);
    publish(ring, 1, 100);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK - 1, &missed), -EINVAL);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK, &missed), 0);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK, &missed), -EAGAIN);
    assert_int_equal(frame_ring_reader_unseen(reader), 0);
    free(buffer);
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
}

static void test_only_the_newest_is_read_and_the_rest_counted(void **state)
{
    const unsigned *banks = *state;
    struct frame_ring *ring = ring_of(*banks);
    struct frame_ring_reader *early = reader_of(ring), *late;
    uint8_t *buffer = xmalloc(BANK);
    struct frame_info info;
    uint64_t missed;
    for (uint64_t n = 1; n <= 10; n++) {
        publish(ring, n, 1000);
    }
    late = reader_of(ring);
    assert_int_equal(frame_ring_reader_unseen(early), 10);
    assert_int_equal(frame_ring_reader_read(early, &info, buffer, BANK, &missed), 0);
    assert_frame(buffer, &info, 10);
    assert_int_equal(missed, 9);

    /* What was published before a reader came is not missed, but for the frame that lay ready. */
    assert_int_equal(frame_ring_reader_unseen(late), 1);
    publish(ring, 11, 1000);
    publish(ring, 12, 1000);
    assert_int_equal(frame_ring_reader_read(late, &info, buffer, BANK, &missed), 0);
    assert_frame(buffer, &info, 12);
    assert_int_equal(missed, 2);
    assert_int_equal(frame_ring_reader_read(early, &info, buffer, BANK, &missed), 0);
    assert_int_equal(missed, 1);
    free(buffer);
    frame_ring_reader_destroy(early);
    frame_ring_reader_destroy(late);
    frame_ring_destroy(ring);
}

static void test_sizes_that_do_not_fit_change_nothing(void **state)
{
    struct frame_ring *ring = ring_of(3);
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t *bytes = xcalloc(1, BANK + 1);
    struct frame_info info = {.size = (uint32_t)BANK + 1}, out;
    uint64_t missed;
    (void)state;
    publish(ring, 1, 100);
    assert_int_equal(frame_ring_publish(ring, &info, bytes), -EMSGSIZE);
    info.size = 0;
    assert_int_equal(frame_ring_publish(ring, &info, bytes), -EMSGSIZE);
    assert_int_equal(frame_ring_reader_read(reader, &out, bytes, BANK, &missed), 0);
    assert_frame(bytes, &out, 1);
    publish(ring, 2, 100);
    free(bytes);
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
}

/* --- overruns, at the worst moment ---
 *
 * The buffer that a reader copies into is the hook: its first page and one in its middle are
 * closed, so that the copy faults where we want it, between the two looks at the bank's sequence.
 * The handler publishes, opens the page and lets the copy go on. */

static struct {
    struct frame_ring *ring;
    uint8_t *buffer;
    uint8_t jpeg[BANK]; /* a signal handler may not allocate */
    uint64_t number;    /* of the newest frame */
    unsigned banks;
    int rounds; /* how often the reader is to be overtaken */
} overrun;

#define OVERRUN_PAGE  ((size_t)65536)
#define OVERRUN_FIRST overrun.buffer
#define OVERRUN_LATER (overrun.buffer + 2 * OVERRUN_PAGE)

static void overrun_page(uint8_t *page, int protection)
{
    if (mprotect(page, OVERRUN_PAGE, protection) < 0) {
        abort();
    }
}

static void overrun_publish(void)
{
    struct frame_info info = {.size = (uint32_t)BANK};
    overrun.number++;
    memset(overrun.jpeg, (int)(overrun.number % 256), BANK);
    if (frame_ring_publish(overrun.ring, &info, overrun.jpeg) != 0) {
        abort();
    }
}

static void overrun_on_fault(int signal, siginfo_t *fault, void *context)
{
    const uint8_t *address = fault->si_addr;
    (void)signal;
    (void)context;
    if (address >= OVERRUN_FIRST && address < OVERRUN_FIRST + OVERRUN_PAGE) {
        /* The copy has begun: K frames take every bank, one more takes the first again. */
        for (unsigned i = 0; i <= overrun.banks; i++) {
            overrun_publish();
        }
        overrun.rounds--;
        overrun_page(OVERRUN_FIRST, PROT_READ | PROT_WRITE);
        overrun_page(OVERRUN_LATER, PROT_NONE);
    } else if (address >= OVERRUN_LATER && address < OVERRUN_LATER + OVERRUN_PAGE) {
        overrun_page(OVERRUN_LATER, PROT_READ | PROT_WRITE);
        overrun_page(OVERRUN_FIRST, overrun.rounds > 0 ? PROT_NONE : PROT_READ | PROT_WRITE);
    } else {
        abort();
    }
}

static void overrun_begin(unsigned banks, int rounds)
{
    struct sigaction action = {.sa_sigaction = overrun_on_fault, .sa_flags = SA_SIGINFO};
    overrun.buffer = mmap(NULL, BANK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(overrun.buffer != MAP_FAILED);
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    overrun.ring = ring_of(banks);
    overrun.banks = banks;
    overrun.rounds = rounds;
    overrun.number = 0;
    overrun_publish();
    overrun_page(OVERRUN_FIRST, PROT_NONE);
}

static void overrun_end(void)
{
    signal(SIGSEGV, SIG_DFL);
    munmap(overrun.buffer, BANK);
    frame_ring_destroy(overrun.ring);
}

/* Adds all bytes of a frame in pieces of `piece` bytes. */
static void add_in_pieces(struct frame_ring *ring, const uint8_t *jpeg, size_t size, size_t piece)
{
    for (size_t at = 0; at < size; at += piece) {
        frame_ring_add(ring, jpeg + at, size - at < piece ? size - at : piece);
    }
}

static void test_a_frame_may_come_in_pieces(void **state)
{
    static const size_t pieces[] = {8, 24, 1024, 5000, 8192};
    struct frame_ring *ring = ring_of(3);
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t jpeg[5003], *buffer = xmalloc(BANK);
    uint64_t missed;
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct frame_info info = {.size = sizeof jpeg}, got;
        for (size_t at = 0; at < sizeof jpeg; at++) {
            jpeg[at] = (uint8_t)(at * 7 + i);
        }
        assert_int_equal(frame_ring_begin(ring, sizeof jpeg), 0);
        add_in_pieces(ring, jpeg, sizeof jpeg, pieces[i]);
        assert_int_equal(frame_ring_reader_read(reader, &got, buffer, BANK, &missed), -EAGAIN);
        assert_int_equal(frame_ring_commit(ring, &info), 0);
        assert_int_equal(frame_ring_reader_read(reader, &got, buffer, BANK, &missed), 0);
        assert_int_equal(got.number, i + 1);
        assert_int_equal(got.size, sizeof jpeg);
        assert_memory_equal(buffer, jpeg, sizeof jpeg);
    }
    free(buffer);
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
}

static void test_a_frame_that_is_given_up_is_never_seen(void **state)
{
    struct frame_ring *ring = ring_of(3);
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t *buffer = xmalloc(BANK), bytes[100] = {0};
    struct frame_info info, short_of = {.size = 100}, too_much = {.size = 64};
    uint64_t missed;
    (void)state;
    publish(ring, 1, 100);
    assert_int_equal(frame_ring_begin(ring, 0), -EMSGSIZE);
    assert_int_equal(frame_ring_begin(ring, BANK + 1), -EMSGSIZE);
    assert_int_equal(frame_ring_begin(ring, 100), 0);
    frame_ring_add(ring, bytes, 64);
    assert_int_equal(frame_ring_commit(ring, &short_of), -EINVAL);
    assert_int_equal(frame_ring_begin(ring, 64), 0);
    frame_ring_add(ring, bytes, 56);
    frame_ring_add(ring, bytes, 16);
    assert_int_equal(frame_ring_commit(ring, &too_much), -EINVAL);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK, &missed), 0);
    assert_frame(buffer, &info, 1);
    publish(ring, 2, 100);
    assert_int_equal(frame_ring_reader_read(reader, &info, buffer, BANK, &missed), 0);
    assert_frame(buffer, &info, 2);
    free(buffer);
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
}

static void test_an_overrun_reader_takes_the_newest_instead(void **state)
{
    const unsigned *banks = *state;
    struct frame_info info;
    uint64_t missed;
    overrun_begin(*banks, 2);
    struct frame_ring_reader *reader = reader_of(overrun.ring);
    assert_int_equal(frame_ring_reader_read(reader, &info, overrun.buffer, BANK, &missed), 0);
    assert_int_equal(overrun.rounds, 0);
    assert_frame(overrun.buffer, &info, overrun.number);
    assert_int_equal(missed, overrun.number - 1);
    frame_ring_reader_destroy(reader);
    overrun_end();
}

static void test_a_reader_gives_up_after_three_overruns(void **state)
{
    const unsigned *banks = *state;
    struct frame_info info = {.number = 77};
    uint64_t missed;
    overrun_begin(*banks, 3);
    struct frame_ring_reader *reader = reader_of(overrun.ring);
    assert_int_equal(frame_ring_reader_read(reader, &info, overrun.buffer, BANK, &missed),
                     -EOVERFLOW);
    assert_int_equal(overrun.rounds, 0);
    assert_int_equal(info.number, 77);
    assert_int_equal(frame_ring_reader_read(reader, &info, overrun.buffer, BANK, &missed), 0);
    assert_frame(overrun.buffer, &info, overrun.number);
    frame_ring_reader_destroy(reader);
    overrun_end();
}

/* --- the doorbell --- */

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static void test_rings_merge_and_never_block(void **state)
{
    int bell = doorbell_create();
    uint64_t almost_full = UINT64_MAX - 1;
    int not_a_bell = open("/", O_RDONLY);
    (void)state;
    assert_true(bell >= 0);
    assert_false(is_readable(bell));
    assert_int_equal(doorbell_drain(bell), 0); /* does not wait either */
    doorbell_ring(bell);
    doorbell_ring(bell);
    assert_true(is_readable(bell));
    assert_int_equal(doorbell_drain(bell), 0);
    assert_false(is_readable(bell));

    /* The counter of a reader that stands still fills up; the writer goes on. */
    assert_int_equal(write(bell, &almost_full, sizeof almost_full), sizeof almost_full);
    doorbell_ring(bell);
    assert_true(is_readable(bell));
    assert_int_equal(doorbell_drain(not_a_bell), -EISDIR);
    fd_close(&bell);
    fd_close(&not_a_bell);
}

int main(void)
{
    static unsigned one = 1, three = 3;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bank_size_follows_the_first_frame),
        cmocka_unit_test(test_impossible_rings_are_not_made),
        cmocka_unit_test(test_a_frame_comes_out_as_it_went_in),
        cmocka_unit_test_prestate(test_nothing_new_is_not_a_frame, &one),
        cmocka_unit_test_prestate(test_nothing_new_is_not_a_frame, &three),
        cmocka_unit_test_prestate(test_only_the_newest_is_read_and_the_rest_counted, &one),
        cmocka_unit_test_prestate(test_only_the_newest_is_read_and_the_rest_counted, &three),
        cmocka_unit_test(test_sizes_that_do_not_fit_change_nothing),
        cmocka_unit_test(test_a_frame_may_come_in_pieces),
        cmocka_unit_test(test_a_frame_that_is_given_up_is_never_seen),
        cmocka_unit_test_prestate(test_an_overrun_reader_takes_the_newest_instead, &one),
        cmocka_unit_test_prestate(test_an_overrun_reader_takes_the_newest_instead, &three),
        cmocka_unit_test_prestate(test_a_reader_gives_up_after_three_overruns, &one),
        cmocka_unit_test_prestate(test_a_reader_gives_up_after_three_overruns, &three),
        cmocka_unit_test(test_rings_merge_and_never_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
