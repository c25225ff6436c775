/* Which quality of a picture suits a viewer's link: a better one while the link carries
 * it, a lesser one before frames are left out. Few fixed steps, so that one encoding
 * serves all who need it.
 *
 * Down: an eighth of the frames that were due in the last second (and at least eight frames) were
 * replaced before the socket could take them. Up: for `hold` nothing was left out, and the link has
 * carried bytes as fast as the better pictures would come, with a third to spare. An ascent that
 * fails doubles the hold, so that a link that lies about itself (a reader slower than its network)
 * is tried ever less often.
 *
 *             frames left out                 frames left out
 *    best ───────────────────▶ 60 ───────────────────▶ 40   (steps; the highest: the least quality)
 *         ◀─────────────────── hold, link ◀─────────── hold, link
 *
 * Pure: the caller brings the time and the counts. */
#ifndef BROADCASTER_ADAPTATION_H
#define BROADCASTER_ADAPTATION_H

#include <stdint.h>

#define ADAPTATION_STEPS 3

/* Zeroed memory is the best quality, nothing known. */
struct adaptation {
    unsigned step; /* 0: the best */
    /* The window that is being looked at: the counts at its beginning. */
    uint64_t begun_ns, sent, dropped, bytes;
    uint64_t clean_ns;  /* nothing has been left out since */
    uint64_t raised_ns; /* of the last ascent; 0: none */
    uint64_t hold_ns;
    double frame_bytes[ADAPTATION_STEPS]; /* mean size of a message; 0: not known */
};

/* What is counted of a viewer's stream since it came. */
struct adaptation_counts {
    uint64_t now_ns; /* CLOCK_MONOTONIC */
    uint64_t sent, dropped, bytes;
    double link_rate; /* bytes per second that the link has lately carried; 0: not known */
};

/* The JPEG quality of a step when the best is `best`; 0: there is no such step. */
unsigned adaptation_quality(unsigned best, unsigned step);

/* The step that suits the link now, at most one from the present one; below `steps`. To be asked
 * when a frame that is due has to wait; above the best step with every frame. */
unsigned adaptation_judge(struct adaptation *adaptation, const struct adaptation_counts *counts,
                          unsigned steps);

/* The viewer gets this step's pictures from now on; also when the other one cannot be had, so
 * that it is judged anew. */
void adaptation_move(struct adaptation *adaptation, const struct adaptation_counts *counts,
                     unsigned step);

#endif
