/* The ring between processes at full speed, with SIGKILL at random instants. Every frame says
 * its own number in every word, so one torn word is found. Bounded in time, and the instants
 * come from a fixed seed. */
#include "common/frame_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/memory.h"

#define BANK       ((size_t)256 * 1024)
#define READERS    4
#define SEED       UINT64_C(0x9e3779b97f4a7c15)
#define KILLS      50
#define RUN_NS     (800 * NS_PER_MS)
#define PATIENCE_S 20 /* a child that hangs ends by SIGALRM */

/* Sizes vary, so that a frame's bank also holds the remains of longer ones. */
static uint32_t frame_size(uint64_t number)
{
    return (uint32_t)(BANK / 4 + number * 2654435761U % (BANK / 2) / 8 * 8);
}

static void frame_publish(struct frame_ring *ring, uint64_t number, uint64_t *words)
{
    struct frame_info info = {.captured_ns = number,
                              .captured_realtime_ns = number,
                              .received_ns = number,
                              .source_number = number,
                              .source_time_ns = number,
                              .size = frame_size(number),
                              .width = (uint32_t)number,
                              .height = (uint32_t)number};
    for (size_t i = 0; i < info.size / sizeof *words; i++) {
        words[i] = number;
    }
    if (frame_ring_publish(ring, &info, (const uint8_t *)words) != 0 || info.number != number) {
        abort();
    }
}

static bool frame_is_whole(const struct frame_info *info, const uint64_t *words)
{
    uint64_t number = info->number;
    if (info->size != frame_size(number) || info->captured_ns != number ||
        info->captured_realtime_ns != number || info->received_ns != number ||
        info->source_number != number || info->source_time_ns != number ||
        info->width != (uint32_t)number || info->height != (uint32_t)number) {
        return false;
    }
    for (size_t i = 0; i < info->size / sizeof *words; i++) {
        if (words[i] != number) {
            return false;
        }
    }
    return true;
}

static struct frame_ring *ring_of(unsigned banks)
{
    struct frame_ring *ring;
    assert_int_equal(frame_ring_create(&ring, BANK, banks, 1), 0);
    return ring;
}

/* NULL when it cannot be made: also called in children, where assertions of
 * cmocka have no place. */
static struct frame_ring_reader *reader_of(const struct frame_ring *ring)
{
    struct frame_ring_reader *reader = NULL;
    frame_ring_reader_create(&reader, fcntl(frame_ring_descriptor(ring), F_DUPFD_CLOEXEC, 0));
    return reader;
}

static pid_t fork_child(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(PATIENCE_S);
    }
    return pid;
}

static void wait_for_exit(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void kill_child(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* What the children of one run count, in memory that they share with the test. */
struct tally {
    _Atomic uint64_t published, taken, overruns, bad;
    _Atomic bool over; /* nothing more will be published */
};

static struct tally *tally_create(void)
{
    struct tally *tally =
        mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(tally != MAP_FAILED);
    return tally;
}

/* --- full speed --- */

_Noreturn static void writer_run(struct frame_ring *ring, struct tally *tally)
{
    uint64_t until_ns = clock_monotonic_ns() + RUN_NS;
    uint64_t *words = xmalloc(BANK);
    uint64_t number = 0;
    while (clock_monotonic_ns() < until_ns) {
        frame_publish(ring, ++number, words);
        atomic_store(&tally->published, number);
    }
    atomic_store(&tally->over, true);
    _exit(0);
}

/* Reads at full speed until the writer has ended and its last frame is in hand. */
_Noreturn static void reader_run(const struct frame_ring *ring, struct tally *tally)
{
    struct frame_ring_reader *reader = reader_of(ring);
    uint64_t *words = xmalloc(BANK);
    struct frame_info info;
    uint64_t missed, before = 0;
    if (reader == NULL) {
        _exit(1);
    }
    for (;;) {
        bool over = atomic_load(&tally->over); /* before the read, which then sees all */
        int result = frame_ring_reader_read(reader, &info, (uint8_t *)words, BANK, &missed);
        if (result == 0) {
            atomic_fetch_add(&tally->taken, 1);
            bool counted = before == 0 || info.number == before + missed + 1;
            if (!frame_is_whole(&info, words) || !counted) {
                atomic_fetch_add(&tally->bad, 1);
            }
            before = info.number;
        } else if (result == -EOVERFLOW) {
            atomic_fetch_add(&tally->overruns, 1);
        } else if (result != -EAGAIN) {
            _exit(2);
        } else if (over) {
            _exit(before == atomic_load(&tally->published) ? 0 : 3);
        }
    }
}

static void test_no_reader_ever_takes_a_torn_frame(void **state)
{
    const unsigned *banks = *state;
    struct frame_ring *ring = ring_of(*banks);
    struct tally *tally = tally_create();
    pid_t children[READERS + 1];
    for (int i = 0; i < READERS; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            reader_run(ring, tally);
        }
    }
    children[READERS] = fork_child();
    if (children[READERS] == 0) {
        writer_run(ring, tally);
    }
    for (int i = 0; i <= READERS; i++) {
        wait_for_exit(children[i]);
    }
    print_message("banks=%u published=%llu taken=%llu overruns=%llu bad=%llu\n", *banks,
                  (unsigned long long)tally->published, (unsigned long long)tally->taken,
                  (unsigned long long)tally->overruns, (unsigned long long)tally->bad);
    assert_int_equal(tally->bad, 0);
    assert_true(tally->published > READERS);
    assert_true(tally->taken >= READERS);
    munmap(tally, sizeof *tally);
    frame_ring_destroy(ring);
}

/* --- a writer that is killed --- */

_Noreturn static void writer_run_for_ever(struct frame_ring *ring, int bell_fd)
{
    uint64_t *words = xmalloc(BANK);
    for (uint64_t number = 1;; number++) {
        frame_publish(ring, number, words);
        doorbell_ring(bell_fd);
    }
}

/* Starts a writer, kills it at a random instant, and says what a new reader then reads. */
static int read_after_kill(unsigned banks, uint64_t *random)
{
    struct frame_ring *ring = ring_of(banks);
    struct frame_info info;
    uint64_t missed;
    uint64_t *words = xmalloc(BANK);
    int bell_fd = doorbell_create();
    pid_t writer = fork_child();
    if (writer == 0) {
        writer_run_for_ever(ring, bell_fd);
    }
    struct pollfd first = {.fd = bell_fd, .events = POLLIN};
    assert_int_equal(poll(&first, 1, PATIENCE_S * 1000), 1);
    uint64_t instant_ns = clock_monotonic_ns() + random_next(random) % (2 * NS_PER_MS);
    while (clock_monotonic_ns() < instant_ns) {
    }
    kill_child(writer);

    struct frame_ring_reader *reader = reader_of(ring);
    assert_non_null(reader);
    int result = frame_ring_reader_read(reader, &info, (uint8_t *)words, BANK, &missed);
    if (result == 0) {
        assert_true(frame_is_whole(&info, words));
    }
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
    fd_close(&bell_fd);
    free(words);
    return result;
}

static void test_a_killed_writer_leaves_a_whole_frame(void **state)
{
    uint64_t random = SEED;
    (void)state;
    for (int i = 0; i < KILLS; i++) {
        assert_int_equal(read_after_kill(3, &random), 0);
    }
}

/* With one bank the frame may be lost, but it is never taken torn. */
static void test_a_killed_writer_of_one_bank_leaves_no_torn_frame(void **state)
{
    uint64_t random = SEED;
    int whole = 0;
    (void)state;
    for (int i = 0; i < KILLS; i++) {
        int result = read_after_kill(1, &random);
        assert_true(result == 0 || result == -EOVERFLOW);
        whole += result == 0;
    }
    print_message("a whole frame in %d of %d runs\n", whole, KILLS);
}

/* --- readers that are killed --- */

_Noreturn static void reader_run_for_ever(const struct frame_ring *ring, int bell_fd)
{
    struct frame_ring_reader *reader = reader_of(ring);
    uint8_t *buffer = xmalloc(BANK);
    struct frame_info info;
    uint64_t missed;
    doorbell_ring(bell_fd);
    for (;;) {
        if (reader == NULL ||
            frame_ring_reader_read(reader, &info, buffer, BANK, &missed) == -EBADMSG) {
            _exit(1);
        }
    }
}

static void test_killed_readers_do_not_touch_the_writer(void **state)
{
    const unsigned *banks = *state;
    struct frame_ring *ring = ring_of(*banks);
    uint64_t *words = xmalloc(BANK);
    uint64_t number = 0, missed, random = SEED;
    struct frame_info info;
    int bell_fd = doorbell_create();
    for (int i = 0; i < 3 * READERS; i++) {
        pid_t reader = fork_child();
        if (reader == 0) {
            reader_run_for_ever(ring, bell_fd);
        }
        struct pollfd begun = {.fd = bell_fd, .events = POLLIN};
        assert_int_equal(poll(&begun, 1, PATIENCE_S * 1000), 1);
        assert_int_equal(doorbell_drain(bell_fd), 0);
        for (uint64_t last = number + 1 + random_next(&random) % 100; number < last;) {
            frame_publish(ring, ++number, words);
        }
        kill_child(reader);
    }
    struct frame_ring_reader *reader = reader_of(ring);
    assert_non_null(reader);
    assert_int_equal(frame_ring_reader_read(reader, &info, (uint8_t *)words, BANK, &missed), 0);
    assert_int_equal(info.number, number);
    assert_true(frame_is_whole(&info, words));
    frame_ring_reader_destroy(reader);
    frame_ring_destroy(ring);
    fd_close(&bell_fd);
    free(words);
}

int main(void)
{
    static unsigned one = 1, three = 3;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_no_reader_ever_takes_a_torn_frame, &three),
        cmocka_unit_test_prestate(test_no_reader_ever_takes_a_torn_frame, &one),
        cmocka_unit_test(test_a_killed_writer_leaves_a_whole_frame),
        cmocka_unit_test(test_a_killed_writer_of_one_bank_leaves_no_torn_frame),
        cmocka_unit_test_prestate(test_killed_readers_do_not_touch_the_writer, &three),
        cmocka_unit_test_prestate(test_killed_readers_do_not_touch_the_writer, &one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
