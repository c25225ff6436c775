/* The text between the pictures of an MJPEG stream: boundary lines and part headers, one line at a
 * time. Pure, no allocation. */
#ifndef CAPTURE_MJPEG_PART_H
#define CAPTURE_MJPEG_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MJPEG_BOUNDARY_MAX 200

/* What separates the parts of one stream. Cameras disagree with their own Content-Type: dashes are
 * doubled, missing, or the parameter is not there at all. So what is declared is
 * compared without its dashes, and what is not declared is learned from the first line
 * that looks like a boundary. */
struct mjpeg_boundary {
    char declared[MJPEG_BOUNDARY_MAX]; /* from Content-Type, without dashes at its ends */
    size_t declared_size;              /* 0: nothing declared */
    char line[MJPEG_BOUNDARY_MAX];     /* as it stands in the stream */
    size_t line_size;                  /* 0: none seen yet */
};

/* `content_type` is the header's value, or NULL. */
void mjpeg_boundary_init(struct mjpeg_boundary *boundary, const char *content_type);

/* True when the line (without its end) separates parts; the closing form counts too. */
bool mjpeg_boundary_matches(struct mjpeg_boundary *boundary, const char *line, size_t size);

/* What the headers of one part say. */
struct mjpeg_part {
    size_t content_length;   /* 0: none, or none that can be used */
    uint64_t source_number;  /* X-Frame-Number; 0: none */
    uint64_t source_time_ns; /* X-Timestamp, seconds with a fraction; 0: none */
};

/* Takes one header line; a line that is none, or not of interest, changes nothing. */
void mjpeg_part_take_line(struct mjpeg_part *part, const char *line, size_t size);

#endif
