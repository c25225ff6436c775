/* Runs the tracker over detections in the text files of MOTChallenge, for an evaluation to judge.
 *
 *   track_boxes [-p PHASE | -j SEED | -r SEED] [-t HIGH] DATA RESULTS SEQUENCE[@N]...
 *
 * Reads DATA/SEQUENCE/det.txt and seqinfo.ini, writes RESULTS/SEQUENCE[@N].txt. The tracker is
 * given every Nth frame, each at its own time: from the first on, or from the PHASEth after it
 * (modulo N); with -j one of each N, chosen at random; with -r as many, each of all frames as
 * likely. RESULTS/SEQUENCE[@N].frames lists them. Prints one line: frames, boxes and the
 * microseconds of a frame. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/config_options.h"
#include "common/log.h"
#include "common/memory.h"
#include "detector/tracker.h"

#define LINE_SIZE 256

enum choice {
    CHOOSE_EVENLY,
    CHOOSE_JITTERED,
    CHOOSE_AT_RANDOM,
};

struct options {
    const char *data, *results;
    enum choice choice;
    unsigned long phase;
    uint64_t seed;
    struct tracker_config tracker;
};

struct sequence {
    double rate;          /* frames per second */
    unsigned long length; /* frames */
    struct boxes boxes;
    unsigned long *frames; /* of each box */
};

struct totals {
    uint64_t frames, boxes, elapsed_ns;
};

static FILE *open_file(const char *mode, char *path /* freed */)
{
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        die("cannot open path=%s", path);
    }
    free(path);
    return file;
}

static void read_info(const struct options *options, const char *name, struct sequence *sequence)
{
    char line[LINE_SIZE];
    FILE *file = open_file("r", xasprintf("%s/%s/seqinfo.ini", options->data, name));
    while (fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "frameRate=%lf", &sequence->rate);
        sscanf(line, "seqLength=%lu", &sequence->length);
    }
    fclose(file);
    if (!(sequence->rate > 0) || sequence->length == 0) {
        die("sequence=%s has no frameRate or no seqLength", name);
    }
}

static void read_boxes(const struct options *options, const char *name, struct sequence *sequence)
{
    char line[LINE_SIZE];
    FILE *file = open_file("r", xasprintf("%s/%s/det.txt", options->data, name));
    while (fgets(line, sizeof line, file) != NULL) {
        struct box box = {0};
        unsigned long frame;
        if (sscanf(line, "%lu,%*f,%f,%f,%f,%f,%f", &frame, &box.x, &box.y, &box.width, &box.height,
                   &box.confidence) != 6) {
            die("sequence=%s: a line of det.txt is no detection: %s", name, line);
        }
        boxes_append(&sequence->boxes, &box);
        sequence->frames =
            xreallocarray(sequence->frames, sequence->boxes.capacity, sizeof *sequence->frames);
        sequence->frames[sequence->boxes.count - 1] = frame;
    }
    fclose(file);
}

/* A number in 0..1 (Knuth's MMIX generator). */
static double random_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / (double)(UINT64_C(1) << 53);
}

/* Which frames the tracker is given. */
struct chooser {
    enum choice choice;
    unsigned long every, next;
    uint64_t state;
};

static bool chooser_takes(struct chooser *chooser, unsigned long frame)
{
    unsigned long place = (frame - 1) % chooser->every;
    switch (chooser->choice) {
    case CHOOSE_AT_RANDOM:
        return random_number(&chooser->state) * (double)chooser->every < 1;
    case CHOOSE_JITTERED:
        if (place == 0) {
            chooser->next =
                (unsigned long)(random_number(&chooser->state) * (double)chooser->every);
        }
        return place == chooser->next;
    case CHOOSE_EVENLY:
        break;
    }
    return place == chooser->next;
}

static void collect(const struct sequence *sequence, unsigned long frame, struct boxes *boxes)
{
    boxes->count = 0;
    for (size_t i = 0; i < sequence->boxes.count; i++) {
        if (sequence->frames[i] == frame) {
            boxes_append(boxes, &sequence->boxes.items[i]);
        }
    }
}

static void write_tracks(FILE *file, const struct tracker *tracker, unsigned long frame)
{
    size_t count;
    const struct track *tracks = tracker_tracks(tracker, &count);
    for (size_t i = 0; i < count; i++) {
        const struct box *box = &tracks[i].box;
        fprintf(file, "%lu,%" PRIu64 ",%.2f,%.2f,%.2f,%.2f,%.4f,-1,-1,-1\n", frame, tracks[i].id,
                (double)box->x, (double)box->y, (double)box->width, (double)box->height,
                (double)box->confidence);
    }
}

static void track(const struct options *options, const char *argument, unsigned long every,
                  const struct sequence *sequence, struct totals *totals)
{
    struct tracker *tracker = tracker_create();
    struct boxes boxes = {0};
    struct chooser chooser = {.choice = options->choice,
                              .every = every,
                              .next = options->phase % every,
                              .state = options->seed};
    FILE *results = open_file("w", xasprintf("%s/%s.txt", options->results, argument));
    FILE *frames = open_file("w", xasprintf("%s/%s.frames", options->results, argument));
    for (unsigned long frame = 1; frame <= sequence->length; frame++) {
        if (!chooser_takes(&chooser, frame)) {
            continue;
        }
        collect(sequence, frame, &boxes);
        uint64_t begin_ns = clock_monotonic_ns();
        tracker_update(tracker, &options->tracker, boxes.items, boxes.count,
                       (uint64_t)((double)frame / sequence->rate * (double)NS_PER_SECOND));
        totals->elapsed_ns += clock_monotonic_ns() - begin_ns;
        totals->frames++;
        totals->boxes += boxes.count;
        write_tracks(results, tracker, frame);
        fprintf(frames, "%lu\n", frame);
    }
    fclose(results);
    fclose(frames);
    boxes_finish(&boxes);
    tracker_destroy(tracker);
}

static void run(const struct options *options, const char *argument, struct totals *totals)
{
    struct sequence sequence = {0};
    char *name = xstrdup(argument);
    char *at = strchr(name, '@');
    unsigned long every = at != NULL ? strtoul(at + 1, NULL, 10) : 1;
    if (at != NULL) {
        *at = '\0';
    }
    if (every == 0) {
        die_config("%s: after '@' belongs a number above 0", argument);
    }
    read_info(options, name, &sequence);
    read_boxes(options, name, &sequence);
    track(options, argument, every, &sequence, totals);
    boxes_finish(&sequence.boxes);
    free(sequence.frames);
    free(name);
}

/* What a detector uses that is not told otherwise. */
static double default_of(const char *key)
{
    return strtod(config_option_find(SECTION_DETECTOR, key)->fallback, NULL);
}

int main(int argc, char **argv)
{
    struct options options = {
        .tracker = {.high = (float)default_of("track_high"),
                    .low = (float)default_of("track_low"),
                    .buffer_ns = (uint64_t)(default_of("track_buffer_s") * (double)NS_PER_SECOND)}};
    struct totals totals = {0};
    int option;
    log_init("track_boxes", NULL);
    while ((option = getopt(argc, argv, "p:j:r:t:")) != -1) {
        if (option == 'p') {
            options.phase = strtoul(optarg, NULL, 10);
        } else if (option == 'j' || option == 'r') {
            options.choice = option == 'j' ? CHOOSE_JITTERED : CHOOSE_AT_RANDOM;
            options.seed = strtoull(optarg, NULL, 10);
        } else if (option == 't') {
            options.tracker.high = strtof(optarg, NULL);
        } else {
            return EXIT_CONFIG;
        }
    }
    if (argc - optind < 3) {
        die_config(
            "usage: track_boxes [-p PHASE | -j SEED | -r SEED] [-t HIGH] DATA RESULTS SEQUENCE[@N]...");
    }
    options.data = argv[optind];
    options.results = argv[optind + 1];
    for (int i = optind + 2; i < argc; i++) {
        run(&options, argv[i], &totals);
    }
    printf("frames=%" PRIu64 " boxes=%" PRIu64 " us_per_frame=%.1f\n", totals.frames, totals.boxes,
           totals.frames > 0 ? (double)totals.elapsed_ns / 1e3 / (double)totals.frames : 0);
    return EXIT_SUCCESS;
}
