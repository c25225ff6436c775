/* Tells when a name appears in a folder (inotify). All watches of one folder on one loop share one
 * inotify instance, because a user has only 128 of them. Everything runs on the loop's thread. */
#ifndef COMMON_DIRECTORY_WATCH_H
#define COMMON_DIRECTORY_WATCH_H

#include <event2/event.h>
#include <stdbool.h>

struct directory_watch;

/* `name` was made in the folder or renamed into it; or the folder itself is gone, or events were
 * lost: then look for yourself. */
typedef void directory_watch_fn(void *arg);

/* Strings are copied. Never fails: what could not be watched is tried again by
 * directory_watch_armed(). The handler may destroy any watch. */
struct directory_watch *directory_watch_create(struct event_base *base, const char *directory,
                                               const char *name, directory_watch_fn *handler,
                                               void *arg);
void directory_watch_destroy(struct directory_watch *watch); /* NULL is allowed */

/* True while the folder is being watched. When it is not (it did not exist, it was removed, no
 * inotify to be had) this tries to, so that a caller who looks afterwards misses nothing. */
bool directory_watch_armed(struct directory_watch *watch);

#endif
