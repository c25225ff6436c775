/* Raw streams of captured cameras: takes the pictures from their rings while somebody demands the
 * stream, and only then, because attaching to a camera is demand. One thread. */
#ifndef BROADCASTER_RAW_SOURCE_H
#define BROADCASTER_RAW_SOURCE_H

struct raw_sources;
struct services;
struct stream;

struct raw_sources *raw_sources_create(struct services *services);
/* No raw stream is demanded. NULL is allowed. */
void raw_sources_destroy(struct raw_sources *sources);

/* The demand of a raw stream may have changed. Streams of cameras without a capture get their
 * frames from elsewhere and are left alone. */
void raw_sources_follow(struct raw_sources *sources, struct stream *stream);

/* Cameras may have got a capture: follows all raw streams. After camera_watch_configure(). */
void raw_sources_configure(struct raw_sources *sources);

#endif
