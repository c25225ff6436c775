/* The simulated camera: pictures on a schedule by time, the faults, and who is
 * connected. One thread. */
#ifndef TESTS_CAMSIM_CAMERA_H
#define TESTS_CAMSIM_CAMERA_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/camsim/faults.h"
#include "tests/camsim/frames.h"

struct camera;
struct client;

struct camera_options {
    const char *listen; /* address:port; port 0: any */
    double fps;
    bool one_client;         /* a second /stream is refused, as an ESP32-CAM does */
    bool loop;               /* else the pictures are played once for each first client, */
    bool once;               /* or once only: then the event loop ends */
    const char *credentials; /* "user:password", for the fault 401 */
};

/* Everything given must outlive the camera. Ends the process when it cannot listen. */
struct camera *camera_create(struct event_base *base, const struct frames *frames,
                             struct faults *faults, const struct camera_options *options);
void camera_destroy(struct camera *camera);

/* "127.0.0.1:41234", for printing. */
const char *camera_address(const struct camera *camera);

/* --- for its clients --- */

/* One picture as the camera took it. */
struct camera_frame {
    struct picture *picture; /* the client releases it */
    uint64_t number;         /* X-Frame-Number: counts from 1 */
    uint64_t time_ns;        /* CLOCK_REALTIME */
};

uint64_t camera_number(const struct camera *camera); /* of the newest frame */
void camera_newest(struct camera *camera, struct camera_frame *frame);

struct faults *camera_faults(struct camera *camera);
const struct camera_options *camera_settings(const struct camera *camera);

/* The answer to POST /fault: 0, or -EINVAL with a sentence. */
int camera_set_fault(struct camera *camera, const char *body, size_t size,
                     char error[FAULT_ERROR_SIZE]);

/* A client asks for /stream: false when there may not be another one. */
bool camera_admit(struct camera *camera);
void camera_leave(struct camera *camera); /* one that was admitted is gone */

void camera_count_frame(struct camera *camera);
void camera_count_snapshot(struct camera *camera);
void camera_forget(struct camera *camera, const struct client *client); /* it is being freed */

/* The truth of a frame (0: the newest) and the spaces, when the pictures are a scene's. NULL: there
 * is none. Valid until the next picture is taken. */
const char *camera_truth(struct camera *camera, uint64_t number);
const char *camera_spaces(const struct camera *camera);

/* What GET /state says; the caller owns the reference. */
json_t *camera_state(const struct camera *camera);

#endif
