#include "common/directory_watch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

/* One inotify instance: a folder on a loop. */
struct directory {
    LIST_ENTRY(directory) link; /* directories */
    struct event_base *base;
    char *path;
    int fd;          /* inotify, or -1 */
    int wd;          /* the folder, or -1 */
    bool complained; /* since it was last watched */
    struct event *readable;
    TAILQ_HEAD(directory_watches, directory_watch) watches;
    struct directory_watch *next; /* while handlers run: the watch to be called next */
    unsigned busy;                /* handlers are running: do not free */
};

struct directory_watch {
    TAILQ_ENTRY(directory_watch) link; /* directory::watches */
    struct directory *directory;
    char *name;
    directory_watch_fn *handler;
    void *arg;
};

static LIST_HEAD(, directory) directories = LIST_HEAD_INITIALIZER(directories);

static void directory_unwatch(struct directory *directory)
{
    if (directory->wd >= 0) {
        inotify_rm_watch(directory->fd, directory->wd);
        directory->wd = -1;
    }
}

/* Calls those who wait for `name`; NULL: everybody. Handlers may destroy any watch, themselves and
 * the one that would be next included. */
static void directory_tell(struct directory *directory, const char *name)
{
    struct directory_watch *watch = TAILQ_FIRST(&directory->watches);
    while (watch != NULL) {
        directory->next = TAILQ_NEXT(watch, link);
        if (name == NULL || strcmp(name, watch->name) == 0) {
            watch->handler(watch->arg);
        }
        watch = directory->next;
    }
}

static void directory_take_event(struct directory *directory, const struct inotify_event *event)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        directory_tell(directory, NULL);
    } else if (event->wd != directory->wd) {
        return; /* an event of the folder that had this path before */
    } else if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        directory_unwatch(directory);
        directory_tell(directory, NULL);
    } else if (event->len > 0) {
        directory_tell(directory, event->name);
    }
}

static void directory_free_unused(struct directory *directory)
{
    if (!TAILQ_EMPTY(&directory->watches) || directory->busy > 0) {
        return;
    }
    LIST_REMOVE(directory, link);
    if (directory->readable != NULL) {
        event_free(directory->readable);
    }
    fd_close(&directory->fd);
    free(directory->path);
    free(directory);
}

/* One read per wake-up: whatever is left wakes the loop again. */
static void directory_read(evutil_socket_t fd, short events, void *arg)
{
    struct directory *directory = arg;
    _Alignas(struct inotify_event) char bytes[4096];
    (void)events;
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got <= 0) {
        return;
    }
    directory->busy++;
    for (size_t offset = 0; offset < (size_t)got;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + offset);
        directory_take_event(directory, event);
        offset += sizeof *event + event->len;
    }
    directory->busy--;
    directory_free_unused(directory);
}

static bool directory_fails(struct directory *directory, int error)
{
    if (!directory->complained) {
        log_warn("the folder cannot be watched, looking from time to time path=%s: %s",
                 directory->path, strerror(error));
        directory->complained = true;
    }
    return false;
}

static bool directory_open_inotify(struct directory *directory)
{
    directory->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (directory->fd < 0) {
        return directory_fails(directory, errno);
    }
    directory->readable =
        event_new(directory->base, directory->fd, EV_READ | EV_PERSIST, directory_read, directory);
    if (directory->readable == NULL || event_add(directory->readable, NULL) < 0) {
        die("cannot watch an inotify descriptor");
    }
    return true;
}

static bool directory_arm(struct directory *directory)
{
    if (directory->wd >= 0) {
        return true;
    }
    if (directory->fd < 0 && !directory_open_inotify(directory)) {
        return false;
    }
    directory->wd =
        inotify_add_watch(directory->fd, directory->path,
                          IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    if (directory->wd < 0) {
        return directory_fails(directory, errno);
    }
    directory->complained = false;
    return true;
}

static struct directory *directory_get(struct event_base *base, const char *path)
{
    struct directory *directory;
    LIST_FOREACH(directory, &directories, link)
    {
        if (directory->base == base && strcmp(directory->path, path) == 0) {
            return directory;
        }
    }
    directory = xcalloc(1, sizeof *directory);
    directory->base = base;
    directory->path = xstrdup(path);
    directory->fd = directory->wd = -1;
    TAILQ_INIT(&directory->watches);
    LIST_INSERT_HEAD(&directories, directory, link);
    return directory;
}

struct directory_watch *directory_watch_create(struct event_base *base, const char *path,
                                               const char *name, directory_watch_fn *handler,
                                               void *arg)
{
    struct directory_watch *watch = xcalloc(1, sizeof *watch);
    watch->directory = directory_get(base, path);
    watch->name = xstrdup(name);
    watch->handler = handler;
    watch->arg = arg;
    TAILQ_INSERT_TAIL(&watch->directory->watches, watch, link);
    directory_arm(watch->directory);
    return watch;
}

void directory_watch_destroy(struct directory_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    struct directory *directory = watch->directory;
    if (directory->next == watch) {
        directory->next = TAILQ_NEXT(watch, link);
    }
    TAILQ_REMOVE(&directory->watches, watch, link);
    directory_free_unused(directory);
    free(watch->name);
    free(watch);
}

bool directory_watch_armed(struct directory_watch *watch)
{
    return directory_arm(watch->directory);
}
