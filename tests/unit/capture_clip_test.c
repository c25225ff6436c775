/* Clips: files and folders in a private folder. */
#include "capture/clip.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"

#define SOF(width)     "\xff\xc0\x00\x0b\x08\x00\x10\x00" width "\x01\x01\x11\x00"
#define SOS            "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define PICTURE(width) "\xff\xd8" SOF(width) SOS "scan\xff\xd9"
#define SIZE           (sizeof(PICTURE("x")) - 1)
#define LIMIT          100

static char folder[] = "/tmp/clip_test.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[sizeof folder + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *bytes, size_t size)
{
    assert_int_equal(fd_write_file(path_of(name), bytes, size), 0);
}

#define WRITE(name, bytes) write_file(name, bytes, sizeof(bytes) - 1)

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"a.mjpeg",      "folder/2.jpg", "folder/10.JPEG",
                                        "folder/x.txt", "folder/3.jpg", "folder/4.jpg",
                                        "folder",       "empty",        "fifo"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        remove(path_of(names[i]));
    }
    return rmdir(folder);
}

static void count_bad(void *arg, enum jpeg_fault fault)
{
    unsigned *bad = arg;
    bad[fault]++;
}

static struct clip *open_indexed(const char *name, unsigned bad[JPEG_FAULTS])
{
    struct clip *clip;
    int more;
    memset(bad, 0, JPEG_FAULTS * sizeof *bad);
    assert_int_equal(clip_open(&clip, path_of(name), LIMIT), 0);
    do {
        more = clip_index(clip, count_bad, bad);
        assert_true(more >= 0);
    } while (more > 0);
    return clip;
}

static void assert_width(struct clip *clip, size_t position, uint32_t width)
{
    struct jpeg_info info;
    const uint8_t *jpeg;
    assert_int_equal(clip_read(clip, position, &info, &jpeg), JPEG_WHOLE);
    assert_int_equal(info.width, width);
    assert_int_equal(info.size, SIZE);
    assert_int_equal(jpeg[SIZE - 1], 0xd9);
}

static void file_of_pictures(void **state)
{
    unsigned bad[JPEG_FAULTS];
    (void)state;
    WRITE("a.mjpeg",
          PICTURE("\x01") "\xff\xd8" SOF("\x09") PICTURE("\x02") "--B\r\n\r\n" PICTURE("\x03"));
    struct clip *clip = open_indexed("a.mjpeg", bad);
    assert_int_equal(clip_count(clip), 3);
    assert_int_equal(bad[JPEG_TRUNCATED], 1);
    assert_width(clip, 2, 3);
    assert_width(clip, 0, 1);
    assert_width(clip, 1, 2);
    clip_close(clip);
}

static void file_that_shrinks(void **state)
{
    unsigned bad[JPEG_FAULTS];
    struct jpeg_info info;
    const uint8_t *jpeg;
    (void)state;
    WRITE("a.mjpeg", PICTURE("\x01") PICTURE("\x02"));
    struct clip *clip = open_indexed("a.mjpeg", bad);
    assert_int_equal(truncate(path_of("a.mjpeg"), (off_t)SIZE + 3), 0);
    assert_width(clip, 0, 1);
    assert_int_equal(clip_read(clip, 1, &info, &jpeg), JPEG_TRUNCATED);
    clip_close(clip);
}

static void file_without_pictures(void **state)
{
    unsigned bad[JPEG_FAULTS];
    (void)state;
    WRITE("a.mjpeg", "");
    struct clip *clip = open_indexed("a.mjpeg", bad);
    assert_int_equal(clip_count(clip), 0);
    clip_close(clip);
}

/* Larger than what one call looks through: the loop gets its turn in between. */
static void large_file_in_pieces(void **state)
{
    enum { COUNT = 400000 };
    (void)state;
    int fd = open(path_of("a.mjpeg"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fdopen(fd, "w");
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(fwrite(PICTURE("\x05"), SIZE, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
    struct clip *clip;
    assert_int_equal(clip_open(&clip, path_of("a.mjpeg"), LIMIT), 0);
    assert_int_equal(clip_index(clip, NULL, NULL), 1);
    assert_in_range(clip_count(clip), 1, COUNT - 1);
    while (clip_index(clip, NULL, NULL) > 0) {
    }
    assert_int_equal(clip_count(clip), COUNT);
    assert_width(clip, COUNT - 1, 5);
    clip_close(clip);
}

static void folder_of_pictures(void **state)
{
    unsigned bad[JPEG_FAULTS];
    struct jpeg_info info;
    const uint8_t *jpeg;
    char large[LIMIT + 1] = PICTURE("\x04");
    (void)state;
    assert_int_equal(mkdir(path_of("folder"), 0700), 0);
    WRITE("folder/10.JPEG", PICTURE("\x0a"));
    WRITE("folder/2.jpg", PICTURE("\x02"));
    WRITE("folder/3.jpg", "no picture");
    write_file("folder/4.jpg", large, sizeof large);
    WRITE("folder/x.txt", PICTURE("\x0b"));
    struct clip *clip = open_indexed("folder", bad);
    assert_int_equal(clip_count(clip), 4);
    assert_width(clip, 0, 2);
    assert_int_equal(clip_read(clip, 1, &info, &jpeg), JPEG_NOT_JPEG);
    assert_int_equal(clip_read(clip, 2, &info, &jpeg), JPEG_TOO_LARGE);
    assert_width(clip, 3, 10);
    unlink(path_of("folder/2.jpg"));
    assert_int_equal(clip_read(clip, 0, &info, &jpeg), JPEG_TRUNCATED);
    clip_close(clip);
}

static void what_cannot_be_opened(void **state)
{
    struct clip *clip;
    (void)state;
    assert_int_equal(clip_open(&clip, path_of("nothing"), LIMIT), -ENOENT);
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(clip_open(&clip, path_of("fifo"), LIMIT), -EINVAL);
    assert_int_equal(mkdir(path_of("empty"), 0700), 0);
    assert_int_equal(clip_open(&clip, path_of("empty"), LIMIT), 0);
    assert_int_equal(clip_index(clip, NULL, NULL), 0);
    assert_int_equal(clip_count(clip), 0);
    clip_close(clip);
    clip_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_of_pictures),      cmocka_unit_test(file_that_shrinks),
        cmocka_unit_test(file_without_pictures), cmocka_unit_test(large_file_in_pieces),
        cmocka_unit_test(folder_of_pictures),    cmocka_unit_test(what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
