/* Writes metrics in the text form of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure; one thread at a time. */
#ifndef BROADCASTER_METRICS_TEXT_H
#define BROADCASTER_METRICS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "broadcaster/streams/histogram.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_label {
    const char *name;  /* NULL ends a list of labels */
    const char *value; /* any text; UTF-8 */
};

/* Zeroed is empty. */
struct metrics_text {
    char *bytes;
    size_t size, room;
    const char *family; /* whose samples are being written; the caller's */
};

/* A family: HELP and TYPE. Its samples follow before the next family begins. `name` is kept until
 * then. */
void metrics_family(struct metrics_text *text, const char *name, enum metric_type type,
                    const char *help);

/* Samples of the last family. `labels` NULL: none. */
void metrics_count(struct metrics_text *text, const struct metric_label *labels, uint64_t value);
void metrics_number(struct metrics_text *text, const struct metric_label *labels, double value);
void metrics_histogram(struct metrics_text *text, const struct metric_label *labels,
                       const struct histogram *histogram); /* in seconds */

void metrics_finish(struct metrics_text *text);

/* A label list on the spot: LABELS({"camera", id}, {"stage", stage}) */
#define LABELS(...) ((const struct metric_label[]){__VA_ARGS__, {NULL, NULL}})

#endif
