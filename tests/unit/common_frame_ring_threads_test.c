/* The ring's memory order before ThreadSanitizer (`make SAN=thread`), in threads of one process. It
 * judges by address, so the readers here look at the writer's own mapping: that needs the
 * inside of the module, which is why its source is included. Without the sanitizer this
 * is one more torture. */
#include "common/frame_ring.c"
#include "common/frame_ring_reader.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BANK    ((size_t)256 * 1024)
#define WORDS   2048 /* of a frame */
#define READERS 3
#define FRAMES  4000

struct thread_test {
    struct frame_ring *ring;
    _Atomic bool over;
};

static void *writer_thread(void *arg)
{
    struct thread_test *test = arg;
    uint64_t words[WORDS];
    for (uint64_t number = 1; number <= FRAMES; number++) {
        struct frame_info info = {.size = sizeof words, .captured_ns = number};
        for (size_t i = 0; i < WORDS; i++) {
            words[i] = number;
        }
        if (frame_ring_publish(test->ring, &info, (const uint8_t *)words) != 0) {
            abort();
        }
    }
    test->over = true;
    return NULL;
}

/* Returns NULL, or what went wrong. */
static void *reader_thread(void *arg)
{
    struct thread_test *test = arg;
    struct frame_ring_reader reader = {.header = test->ring->header};
    uint64_t *words = xmalloc(BANK);
    char *fault = NULL;
    ring_copy_geometry(reader.header, &reader.geometry);
    while (fault == NULL && reader.taken < FRAMES) {
        struct frame_info info;
        uint64_t missed;
        bool over = test->over;
        int result = frame_ring_reader_read(&reader, &info, (uint8_t *)words, BANK, &missed);
        if (result == 0) {
            for (size_t i = 0; i < WORDS; i++) {
                fault = words[i] != info.number ? "a torn word" : fault;
            }
            fault = info.captured_ns != info.number ? "torn info" : fault;
        } else if (over || (result != -EAGAIN && result != -EOVERFLOW)) {
            fault = "no last frame";
        }
    }
    free(words);
    return fault;
}

static void test_threads_on_one_mapping(void **state)
{
    const unsigned *banks = *state;
    struct thread_test test = {.over = false};
    pthread_t writer, readers[READERS];
    assert_int_equal(frame_ring_create(&test.ring, BANK, *banks, 1), 0);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, reader_thread, &test), 0);
    }
    assert_int_equal(pthread_create(&writer, NULL, writer_thread, &test), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    for (int i = 0; i < READERS; i++) {
        void *fault;
        assert_int_equal(pthread_join(readers[i], &fault), 0);
        assert_null(fault);
    }
    frame_ring_destroy(test.ring);
}

int main(void)
{
    static unsigned one = 1, three = 3;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_threads_on_one_mapping, &three),
        cmocka_unit_test_prestate(test_threads_on_one_mapping, &one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
