/* Which box is which object, from frame to frame: ByteTrack (Zhang et al., "ByteTrack: Multi-Object
 * Tracking by Associating Every Detection Box", ECCV 2022), made for cameras of 5 to 15 frames a
 * second that drop some:
 *
 *   - time is real (kalman.h), and what is out of sight is kept for seconds, not frames;
 *   - what is out of sight comes to rest within seconds, may come back with a low score, and has to
 *     fit the better the longer it was gone;
 *   - the less sure the filter is of a place, after a gap or of an object that is hardly known, the
 *     more boxes are grown on each side before they are compared;
 *   - what has stood for seconds is looked for where it was, with boxes as they are;
 *   - what has stood for seconds and is hidden by something nearer stays where it was, for as
 *     long as it is hidden (half a minute at most), and faint boxes there, parts of the other
 *     one, are not taken for it;
 *   - a new object is recognised in its second frame by boxes grown on each side ("buffered IoU",
 *     Yang et al., WACV 2023), for until then nobody knows how fast it moves;
 *   - how soon an object is shown depends on how surely it is seen;
 *   - vehicle classes count as one, for networks waver between car and truck; all others never mix.
 *
 * Associations are exact (assignment.h). Pure: boxes and a time in, tracks out, the same for the
 * same input. Not thread-safe. */
#ifndef DETECTOR_TRACKER_H
#define DETECTOR_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/boxes.h"

struct tracker_config {
    float high; /* boxes of this confidence and more are associated first, and begin tracks */
    float low;  /* those between this and `high` can only continue one */
    uint64_t buffer_ns;  /* how long an object out of sight is remembered */
    const bool *vehicle; /* by class id: these count as one class; NULL: none do */
};

struct track {
    uint64_t id;      /* from 1, in the order in which objects were recognised */
    struct box box;   /* as measured in this frame, with the class that it had most of the time */
    size_t detection; /* which of the boxes it is */
};

struct tracker;

struct tracker *tracker_create(void);
void tracker_destroy(struct tracker *tracker); /* NULL is allowed */

/* Takes the boxes of a frame, in any order, seen at `time_ns` of a clock that does not go back.
 * After a gap longer than the buffer everything is new. */
void tracker_update(struct tracker *tracker, const struct tracker_config *config,
                    const struct box *boxes, size_t count, uint64_t time_ns);

/* The objects seen in the last frame, the longest known first. Valid until the next update. */
const struct track *tracker_tracks(const struct tracker *tracker, size_t *count);

#endif
