/* What is kept of compressed files, and what makes room. */
#include "broadcaster/protocol/gzip_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void add(struct gzip_cache *cache, const char *tag, size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    gzip_cache_add(cache, tag, bytes);
    shared_bytes_unref(bytes);
}

static void test_the_longest_unused_makes_room(void **state)
{
    struct gzip_cache *cache = gzip_cache_create(100);
    (void)state;
    assert_null(gzip_cache_find(cache, "a"));
    add(cache, "a", 40);
    add(cache, "b", 40);
    assert_int_equal(gzip_cache_find(cache, "a")->size, 40);
    add(cache, "c", 20); /* exactly full */
    assert_non_null(gzip_cache_find(cache, "b"));
    assert_non_null(gzip_cache_find(cache, "a"));
    add(cache, "d", 30); /* c and b were asked for longest ago */
    assert_null(gzip_cache_find(cache, "c"));
    assert_null(gzip_cache_find(cache, "b"));
    assert_int_equal(gzip_cache_find(cache, "a")->size, 40);
    assert_int_equal(gzip_cache_find(cache, "d")->size, 30);
    add(cache, "e", 101);
    assert_null(gzip_cache_find(cache, "e"));
    assert_non_null(gzip_cache_find(cache, "a"));
    gzip_cache_destroy(cache);
}

static void test_what_is_being_sent_stays(void **state)
{
    struct gzip_cache *cache = gzip_cache_create(100);
    (void)state;
    add(cache, "a", 100);
    struct shared_bytes *sent = shared_bytes_ref(gzip_cache_find(cache, "a"));
    add(cache, "b", 100);
    assert_null(gzip_cache_find(cache, "a"));
    assert_int_equal(sent->references, 1);
    shared_bytes_unref(sent);
    gzip_cache_destroy(cache);
    gzip_cache_destroy(NULL);
}

static void test_many_files(void **state)
{
    struct gzip_cache *cache = gzip_cache_create(SIZE_MAX);
    char tag[GZIP_CACHE_TAG_SIZE];
    (void)state;
    for (int i = 0; i <= GZIP_CACHE_FILES; i++) {
        snprintf(tag, sizeof tag, "%d", i);
        add(cache, tag, 1);
    }
    assert_null(gzip_cache_find(cache, "0"));
    assert_non_null(gzip_cache_find(cache, "1"));
    assert_non_null(gzip_cache_find(cache, tag));
    gzip_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_longest_unused_makes_room),
                                       cmocka_unit_test(test_what_is_being_sent_stays),
                                       cmocka_unit_test(test_many_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
