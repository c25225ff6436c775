/* Metrics as text, to the byte. */
#include "broadcaster/api/metrics_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"

static void check_text(struct metrics_text *text, const char *expected)
{
    assert_int_equal(text->size, strlen(expected));
    assert_memory_equal(text->bytes, expected, text->size);
    metrics_finish(text);
    assert_int_equal(text->size, 0);
}

static void test_samples(void **state)
{
    struct metrics_text text = {0};
    (void)state;
    metrics_family(&text, "one_total", METRIC_COUNTER, "First.");
    metrics_count(&text, NULL, UINT64_MAX);
    metrics_count(&text, LABELS({"camera", "CAM1"}), 0);
    metrics_family(&text, "two", METRIC_GAUGE, "Second.");
    metrics_number(&text, LABELS({"camera", "CAM1"}, {"stage", "sent"}), 0.1);
    metrics_number(&text, NULL, 1e9 + 0.25);
    metrics_number(&text, NULL, NAN);
    metrics_number(&text, NULL, -INFINITY);
    check_text(&text, "# HELP one_total First.\n"
                      "# TYPE one_total counter\n"
                      "one_total 18446744073709551615\n"
                      "one_total{camera=\"CAM1\"} 0\n"
                      "# HELP two Second.\n"
                      "# TYPE two gauge\n"
                      "two{camera=\"CAM1\",stage=\"sent\"} 0.1\n"
                      "two 1000000000.25\n"
                      "two NaN\n"
                      "two -Inf\n");
}

static void test_escapes(void **state)
{
    struct metrics_text text = {0};
    (void)state;
    metrics_family(&text, "odd", METRIC_GAUGE, "A \\ and \"one\"\nmore.");
    metrics_count(&text, LABELS({"what", "a\\b\"c\nd ü"}), 1);
    check_text(&text, "# HELP odd A \\\\ and \"one\"\\nmore.\n"
                      "# TYPE odd gauge\n"
                      "odd{what=\"a\\\\b\\\"c\\nd ü\"} 1\n");
}

/* Buckets are cumulative there, and the last is all of them. */
static void test_histogram(void **state)
{
    struct metrics_text text = {0};
    struct histogram histogram = {0};
    (void)state;
    histogram_observe(&histogram, 500 * NS_PER_US);
    histogram_observe(&histogram, 3 * NS_PER_MS);
    histogram_observe(&histogram, 3 * NS_PER_MS);
    histogram_observe(&histogram, 20 * NS_PER_SECOND);
    metrics_family(&text, "took_seconds", METRIC_HISTOGRAM, "Took.");
    metrics_histogram(&text, LABELS({"stage", "sent"}), &histogram);
    check_text(&text, "# HELP took_seconds Took.\n"
                      "# TYPE took_seconds histogram\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.0005\"} 1\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.001\"} 1\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.0025\"} 1\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.005\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.01\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.025\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.05\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.1\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.25\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"0.5\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"1\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"2.5\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"5\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"10\"} 3\n"
                      "took_seconds_bucket{stage=\"sent\",le=\"+Inf\"} 4\n"
                      "took_seconds_sum{stage=\"sent\"} 20.0065\n"
                      "took_seconds_count{stage=\"sent\"} 4\n");
}

/* More than it has room for at first. */
static void test_growth(void **state)
{
    struct metrics_text text = {0};
    (void)state;
    metrics_family(&text, "many", METRIC_GAUGE, "Many.");
    size_t head = text.size;
    for (unsigned i = 0; i < 10000; i++) {
        metrics_count(&text, NULL, 7);
    }
    assert_int_equal(text.size, head + 10000 * strlen("many 7\n"));
    assert_memory_equal(text.bytes + text.size - 7, "many 7\n", 7);
    metrics_finish(&text);
}

static void test_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram histogram = {0};
        histogram_observe(&histogram, histogram_bound_ns(i));
        histogram_observe(&histogram, histogram_bound_ns(i) + 1);
        assert_int_equal(histogram.buckets[i], 1);
        assert_int_equal(histogram.buckets[i + 1], 1);
        assert_int_equal(histogram_count(&histogram), 2);
        assert_true(i == 0 || histogram_bound_ns(i) > histogram_bound_ns(i - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),   cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_histogram), cmocka_unit_test(test_growth),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
