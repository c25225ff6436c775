/* What it costs to hand a frame from one process to another: publish, bell, read. The writer waits
 * until the reader has the frame, so every frame is read; once as fast as that goes, once at a
 * steady rate, when both sides have slept in between and their caches belong to others. */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/frame_ring.h"
#include "common/log.h"
#include "common/memory.h"
#include "tests/bench/measure.h"

#define FRAMES_MAX 20000

struct bench_case {
    uint32_t frame_bytes;
    unsigned rate; /* frames a second; 0: as fast as they are read */
    uint64_t frames;
};

static const struct bench_case CASES[] = {
    {50 * 1000, 0, 20000},
    {50 * 1000, 100, 300},
    {1000 * 1000, 0, 3000},
    {1000 * 1000, 100, 300},
};

/* When the reader woke up, and when it had the frame; by frame number. Shared by both. */
struct report {
    uint64_t woken_ns[FRAMES_MAX + 1];
    uint64_t read_ns[FRAMES_MAX + 1];
    uint64_t reader_cpu_ns;
};

/* Both ends of the bench: the ring, its bell, and an eventfd by which the reader answers. */
struct bench {
    struct frame_ring *ring;
    int bell, answer;
    struct report *report;
};

static void wait_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    while (poll(&wanted, 1, -1) < 1) {
    }
}

_Noreturn static void read_frames(const struct bench *bench, uint64_t frames)
{
    struct frame_ring_reader *reader;
    struct frame_info info = {.number = 0};
    uint64_t missed;
    if (frame_ring_reader_create(
            &reader, fcntl(frame_ring_descriptor(bench->ring), F_DUPFD_CLOEXEC, 0)) < 0) {
        die("the ring cannot be read");
    }
    size_t capacity = frame_ring_reader_capacity(reader);
    uint8_t *buffer = xcalloc(1, capacity);
    doorbell_ring(bench->answer); /* ready */
    uint64_t begin_ns = measure_cpu_ns();
    while (info.number < frames) {
        wait_readable(bench->bell);
        uint64_t woken_ns = clock_monotonic_ns();
        doorbell_drain(bench->bell);
        if (frame_ring_reader_read(reader, &info, buffer, capacity, &missed) != 0) {
            die("a frame that was published cannot be read");
        }
        bench->report->read_ns[info.number] = clock_monotonic_ns();
        bench->report->woken_ns[info.number] = woken_ns;
        doorbell_ring(bench->answer);
    }
    bench->report->reader_cpu_ns = measure_cpu_ns() - begin_ns;
    doorbell_ring(bench->answer);
    _exit(EXIT_SUCCESS);
}

static void wait_for_answer(const struct bench *bench)
{
    wait_readable(bench->answer);
    doorbell_drain(bench->answer);
}

static int timer_create_at(unsigned rate)
{
    struct timespec period = {.tv_nsec = (long)(NS_PER_SECOND / rate)};
    struct itimerspec setting = {.it_interval = period, .it_value = period};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0 || timerfd_settime(timer, 0, &setting, NULL) < 0) {
        die("no timer");
    }
    return timer;
}

struct figures {
    struct samples publish, bell, wake, read, total; /* ns; total: publish, bell and read */
    uint64_t writer_cpu_ns;
};

static void publish_frame(const struct bench *bench, const uint8_t *jpeg, uint32_t size,
                          struct figures *figures)
{
    struct frame_info info = {.size = size, .width = 1280, .height = 720};
    uint64_t begin_ns = clock_monotonic_ns();
    if (frame_ring_publish(bench->ring, &info, jpeg) != 0) {
        die("a frame cannot be published");
    }
    uint64_t published_ns = clock_monotonic_ns();
    doorbell_ring(bench->bell);
    uint64_t rung_ns = clock_monotonic_ns();
    wait_for_answer(bench);
    uint64_t woken_ns = bench->report->woken_ns[info.number];
    uint64_t read_ns = bench->report->read_ns[info.number] - woken_ns;
    samples_append(&figures->publish, published_ns - begin_ns);
    samples_append(&figures->bell, rung_ns - published_ns);
    samples_append(&figures->wake, clock_elapsed_ns(published_ns, woken_ns));
    samples_append(&figures->read, read_ns);
    samples_append(&figures->total, rung_ns - begin_ns + read_ns);
}

static void write_frames(const struct bench *bench, const struct bench_case *bench_case,
                         struct figures *figures)
{
    uint8_t *jpeg = xmalloc(bench_case->frame_bytes);
    memset(jpeg, 0xA5, bench_case->frame_bytes);
    int timer = bench_case->rate > 0 ? timer_create_at(bench_case->rate) : -1;
    wait_for_answer(bench);
    uint64_t begin_ns = measure_cpu_ns();
    for (uint64_t i = 0; i < bench_case->frames; i++) {
        if (timer >= 0) {
            wait_readable(timer);
            doorbell_drain(timer); /* a timerfd is read like an eventfd */
        }
        publish_frame(bench, jpeg, bench_case->frame_bytes, figures);
    }
    figures->writer_cpu_ns = measure_cpu_ns() - begin_ns;
    if (timer >= 0) {
        close(timer);
    }
    free(jpeg);
}

static void print_pair(struct samples *samples)
{
    printf(" %.1f / %.1f |", (double)samples_quantile(samples, 0.5) / 1e3,
           (double)samples_quantile(samples, 0.99) / 1e3);
    samples_finish(samples);
}

static void print_figures(const struct bench_case *bench_case, const struct bench *bench,
                          struct figures *figures)
{
    char rate[32] = "as fast as it is read";
    if (bench_case->rate > 0) {
        snprintf(rate, sizeof rate, "%u a second", bench_case->rate);
    }
    printf("| %u kB | %s |", bench_case->frame_bytes / 1000, rate);
    print_pair(&figures->publish);
    print_pair(&figures->bell);
    print_pair(&figures->read);
    print_pair(&figures->total);
    print_pair(&figures->wake);
    uint64_t cpu = figures->writer_cpu_ns + bench->report->reader_cpu_ns;
    printf(" %.1f |\n", (double)cpu / 1e3 / (double)bench_case->frames);
    fflush(stdout);
}

static void run(const struct bench_case *bench_case)
{
    struct bench bench = {.bell = doorbell_create(), .answer = doorbell_create()};
    struct figures figures = {.writer_cpu_ns = 0};
    bench.report =
        mmap(NULL, sizeof *bench.report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t bank = frame_ring_bank_size(bench_case->frame_bytes, 0, FRAME_RING_BANK_BYTES_MAX);
    if (bench.report == MAP_FAILED || bench.bell < 0 || bench.answer < 0 ||
        frame_ring_create(&bench.ring, bank, FRAME_RING_BANKS, clock_realtime_ns()) < 0) {
        die("no ring");
    }
    memset(bench.report, 0, sizeof *bench.report); /* no page fault later */
    pid_t reader = fork();
    if (reader == 0) {
        read_frames(&bench, bench_case->frames);
    }
    write_frames(&bench, bench_case, &figures);
    int status;
    if (reader < 0 || waitpid(reader, &status, 0) < 0 || status != 0) {
        die("the reader failed");
    }
    print_figures(bench_case, &bench, &figures);
    frame_ring_destroy(bench.ring);
    munmap(bench.report, sizeof *bench.report);
    close(bench.bell);
    close(bench.answer);
}

int main(void)
{
    log_init("ring_bench", NULL);
    puts("Microseconds, median / p99. \"sum\" is publish, bell and read; \"wake-up\" is what the\n"
         "scheduler takes until the reader runs.\n\n"
         "| frame | rate | publish | bell | read | sum | wake-up | CPU of both per frame |\n"
         "|---|---|---|---|---|---|---|---|");
    fflush(stdout);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        run(&CASES[i]);
    }
    return EXIT_SUCCESS;
}
