#include "broadcaster/api/metrics_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"

#define METRICS_FIRST_ROOM  16384
#define METRICS_NUMBER_SIZE 32

/* --- text --- */

static void metrics_add(struct metrics_text *text, const char *bytes, size_t size)
{
    if (text->room - text->size < size) {
        size_t room = text->room > 0 ? text->room : METRICS_FIRST_ROOM;
        while (room - text->size < size) {
            room *= 2;
        }
        text->bytes = xreallocarray(text->bytes, room, 1);
        text->room = room;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void metrics_add_text(struct metrics_text *text, const char *more)
{
    metrics_add(text, more, strlen(more));
}

/* `quotes`: a label's value; without them: a HELP line. */
static void metrics_add_escaped(struct metrics_text *text, const char *value, bool quotes)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\') {
            metrics_add(text, "\\\\", 2);
        } else if (*value == '\n') {
            metrics_add(text, "\\n", 2);
        } else if (*value == '"' && quotes) {
            metrics_add(text, "\\\"", 2);
        } else {
            metrics_add(text, value, 1);
        }
    }
}

/* --- samples --- */

static void metrics_label(struct metrics_text *text, const struct metric_label *label, bool first)
{
    metrics_add_text(text, first ? "{" : ",");
    metrics_add_text(text, label->name);
    metrics_add_text(text, "=\"");
    metrics_add_escaped(text, label->value, true);
    metrics_add_text(text, "\"");
}

/* One line; `bound` NULL, or the value of a bucket's label. */
static void metrics_sample(struct metrics_text *text, const char *suffix,
                           const struct metric_label *labels, const char *bound, const char *value)
{
    bool first = true;
    metrics_add_text(text, text->family);
    metrics_add_text(text, suffix);
    for (; labels != NULL && labels->name != NULL; labels++) {
        metrics_label(text, labels, first);
        first = false;
    }
    if (bound != NULL) {
        metrics_label(text, &(struct metric_label){"le", bound}, first);
        first = false;
    }
    metrics_add_text(text, first ? " " : "} ");
    metrics_add_text(text, value);
    metrics_add_text(text, "\n");
}

static void metrics_format_count(char out[METRICS_NUMBER_SIZE], uint64_t value)
{
    snprintf(out, METRICS_NUMBER_SIZE, "%" PRIu64, value);
}

/* The fewest digits that lose nothing a reader could want. */
static void metrics_format_number(char out[METRICS_NUMBER_SIZE], double value)
{
    if (isnan(value)) {
        snprintf(out, METRICS_NUMBER_SIZE, "NaN");
    } else if (isinf(value)) {
        snprintf(out, METRICS_NUMBER_SIZE, value > 0 ? "+Inf" : "-Inf");
    } else {
        snprintf(out, METRICS_NUMBER_SIZE, "%.15g", value);
    }
}

void metrics_family(struct metrics_text *text, const char *name, enum metric_type type,
                    const char *help)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };
    text->family = name;
    metrics_add_text(text, "# HELP ");
    metrics_add_text(text, name);
    metrics_add_text(text, " ");
    metrics_add_escaped(text, help, false);
    metrics_add_text(text, "\n# TYPE ");
    metrics_add_text(text, name);
    metrics_add_text(text, " ");
    metrics_add_text(text, types[type]);
    metrics_add_text(text, "\n");
}

void metrics_count(struct metrics_text *text, const struct metric_label *labels, uint64_t value)
{
    char number[METRICS_NUMBER_SIZE];
    metrics_format_count(number, value);
    metrics_sample(text, "", labels, NULL, number);
}

void metrics_number(struct metrics_text *text, const struct metric_label *labels, double value)
{
    char number[METRICS_NUMBER_SIZE];
    metrics_format_number(number, value);
    metrics_sample(text, "", labels, NULL, number);
}

void metrics_histogram(struct metrics_text *text, const struct metric_label *labels,
                       const struct histogram *histogram)
{
    char number[METRICS_NUMBER_SIZE], bound[METRICS_NUMBER_SIZE];
    uint64_t count = 0; /* buckets are cumulative there */
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += histogram->buckets[i];
        metrics_format_count(number, count);
        metrics_format_number(bound, (double)histogram_bound_ns(i) / (double)NS_PER_SECOND);
        metrics_sample(text, "_bucket", labels, bound, number);
    }
    metrics_format_count(number, histogram_count(histogram));
    metrics_sample(text, "_bucket", labels, "+Inf", number);
    metrics_format_number(bound, (double)histogram->sum_ns / (double)NS_PER_SECOND);
    metrics_sample(text, "_sum", labels, NULL, bound);
    metrics_sample(text, "_count", labels, NULL, number);
}

void metrics_finish(struct metrics_text *text)
{
    free(text->bytes);
    *text = (struct metrics_text){0};
}
