#include "broadcaster/cameras/camera_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broadcaster/cameras/child_process.h"
#include "broadcaster/services.h"
#include "common/clock.h"
#include "common/config_document.h"
#include "common/config_wait.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

/* For the disk, and for all processes to reload: an answer comes in time for
 * whoever waits for it. */
#define STORE_LIMIT_NS  (10 * NS_PER_SECOND)
#define FOLLOW_LIMIT_NS (5 * NS_PER_SECOND)

#define STORE_OUTPUT_MAX 4096 /* it writes nothing */

/* In the run directory while a change is being applied; the supervisor's janitor clears it too. */
#define MARK_NAME ".cameras.new"

enum changes_state {
    CHANGES_IDLE,
    CHANGES_STORING,
    CHANGES_RELOADING,
    CHANGES_FOLLOWING,
    CHANGES_RESTORING,
    CHANGES_RETURNING,
};

struct camera_changes {
    struct services *services;
    pid_t supervisor; /* 0: none */
    enum changes_state state;
    struct camera_edit edit; /* while not idle */
    struct child_process *store;
    struct config_wait *wait;
    struct event *limit;
    uint64_t deadline_ns;
    char reason[160];            /* why it is taken back */
    camera_change_done_fn *done; /* NULL: nobody waits */
    void *arg;
    uint64_t started_ns, reloads; /* the revision */
    char hash[17];
};

/* --- the mark --- */

static char *mark_path(const struct camera_changes *changes)
{
    return xasprintf("%s/" MARK_NAME, changes->services->config->run_dir);
}

static void mark_set(const struct camera_changes *changes)
{
    char *path = mark_path(changes);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_warn("cannot mark that the cameras are being changed path=%s: %s", path,
                 strerror(errno));
    }
    fd_close(&fd);
    free(path);
}

/* True when it was set. */
static bool mark_clear(const struct camera_changes *changes)
{
    char *path = mark_path(changes);
    bool was_set = unlink(path) == 0;
    free(path);
    return was_set;
}

/* --- the end of a change --- */

static void changes_finish(struct camera_changes *changes,
                           const struct camera_change_result *result)
{
    static const char *const words[] = {
        [CHANGE_APPLIED] = "applied",
        [CHANGE_LAGGING] = "applied, not by all processes yet",
        [CHANGE_FAILED] = "taken back",
    };
    static const char *const verbs[] = {
        [CAMERA_ADD] = "add", [CAMERA_CHANGE] = "change", [CAMERA_REMOVE] = "remove"};
    bool failed = result->end == CHANGE_FAILED;
    log_camera(failed ? LOG_ERROR : LOG_INFO, changes->edit.camera, "cameras: %s, %s%s%s user=%s",
               verbs[changes->edit.kind], words[result->end], failed ? ": " : "",
               failed ? result->reason : "", changes->edit.user);
    event_del(changes->limit);
    mark_clear(changes);
    camera_edit_finish(&changes->edit);
    changes->state = CHANGES_IDLE;
    camera_change_done_fn *done = changes->done;
    changes->done = NULL;
    if (done != NULL) {
        done(changes->arg, result);
    }
}

static void changes_fail(struct camera_changes *changes)
{
    changes_finish(changes,
                   &(struct camera_change_result){.end = CHANGE_FAILED, .reason = changes->reason});
}

/* --- writing --- */

static void changes_on_stored(void *arg, const struct child_result *result);

/* 0 or -errno. */
static int changes_store(struct camera_changes *changes, json_t *overlay)
{
    char *path = config_document_overlay_path(changes->services->config->state_dir);
    char *text = json_dumps(overlay, JSON_INDENT(2) | JSON_SORT_KEYS);
    char size[24];
    snprintf(size, sizeof size, "%zu", strlen(text));
    const char *arguments[] = {"store", path, size, NULL};
    const struct child_command command = {
        .program = "ringcast-ctl",
        .arguments = arguments,
        .input = text,
        .input_size = strlen(text),
        .output_limit = STORE_OUTPUT_MAX,
        .limit_ns = STORE_LIMIT_NS,
    };
    changes->store =
        child_process_start(changes->services->base, &command, changes_on_stored, changes);
    int result = changes->store != NULL ? 0 : -errno;
    free(text);
    free(path);
    return result;
}

/* The supervisor reloads, and tells us with all others; without one there is nobody to tell. */
static int changes_signal(const struct camera_changes *changes)
{
    return kill(changes->supervisor != 0 ? changes->supervisor : getpid(), SIGHUP) < 0 ? -errno : 0;
}

static void changes_restore(struct camera_changes *changes)
{
    changes->state = CHANGES_RESTORING;
    int result = changes_store(changes, changes->edit.before);
    if (result < 0) {
        log_error("the overlay cannot be taken back to what it was: %s", strerror(-result));
        changes_fail(changes);
    }
}

/* --- waiting --- */

static void changes_arm(struct camera_changes *changes, uint64_t duration_ns)
{
    struct timeval wait = clock_timeval(duration_ns);
    changes->deadline_ns = clock_monotonic_ns() + duration_ns;
    event_add(changes->limit, &wait);
}

static void changes_reload(struct camera_changes *changes)
{
    changes->state = CHANGES_RELOADING;
    int result = changes_signal(changes);
    if (result < 0) {
        snprintf(changes->reason, sizeof changes->reason, "the supervisor cannot be told: %s",
                 strerror(-result));
        changes_restore(changes);
        return;
    }
    changes_arm(changes, FOLLOW_LIMIT_NS);
}

/* What failed may have failed after the rename. */
static void changes_not_stored(struct camera_changes *changes)
{
    struct config_errors ignored = {0};
    json_t *overlay = config_document_read_overlay(changes->services->config->state_dir, &ignored);
    if (json_equal(overlay, changes->edit.before)) {
        changes_fail(changes);
    } else {
        changes_restore(changes);
    }
    json_decref(overlay);
    config_errors_finish(&ignored);
}

/* This process works with the change. */
static bool changes_are_followed(const struct camera_changes *changes)
{
    return strcmp(changes->services->config->hash, changes->edit.config->hash) == 0;
}

/* Whoever has begun to follow goes back too. That may be this process, told too late: "nothing has
 * changed" is said when it is true. */
static void changes_restored(struct camera_changes *changes, bool stored)
{
    if (!stored) {
        log_error("the overlay cannot be taken back to what it was; the log above says why");
    }
    if (changes_signal(changes) == 0 && stored && changes_are_followed(changes)) {
        changes->state = CHANGES_RETURNING;
        changes_arm(changes, FOLLOW_LIMIT_NS);
    } else {
        changes_fail(changes);
    }
}

static void changes_on_stored(void *arg, const struct child_result *result)
{
    struct camera_changes *changes = arg;
    bool stored = result->exit_code == 0;
    changes->store = NULL;
    if (changes->state == CHANGES_RESTORING) {
        changes_restored(changes, stored);
    } else if (stored) {
        changes_reload(changes);
    } else {
        snprintf(changes->reason, sizeof changes->reason,
                 "the overlay cannot be written to state_dir; the log says why");
        changes_not_stored(changes);
    }
}

static void changes_on_limit(evutil_socket_t fd, short events, void *arg)
{
    struct camera_changes *changes = arg;
    (void)fd;
    (void)events;
    if (changes->state == CHANGES_RELOADING) {
        snprintf(changes->reason, sizeof changes->reason,
                 "the configuration was not reloaded within %d s; the supervisor's log says why",
                 (int)(FOLLOW_LIMIT_NS / NS_PER_SECOND));
        changes_restore(changes);
    } else if (changes->state == CHANGES_RETURNING) {
        changes_fail(changes);
    }
}

static void changes_on_followed(void *arg, const json_t *missing)
{
    struct camera_changes *changes = arg;
    bool all = json_array_size(missing) == 0;
    json_t *kept = json_incref((json_t *)missing);
    config_wait_destroy(changes->wait);
    changes->wait = NULL;
    changes_finish(changes,
                   &(struct camera_change_result){.end = all ? CHANGE_APPLIED : CHANGE_LAGGING,
                                                  .missing = all ? NULL : kept});
    json_decref(kept);
}

void camera_changes_reloaded(struct camera_changes *changes)
{
    const struct config *config = changes->services->config;
    if (strcmp(changes->hash, config->hash) != 0) {
        memcpy(changes->hash, config->hash, sizeof changes->hash);
        changes->reloads++;
    }
    if (changes->state == CHANGES_RETURNING && !changes_are_followed(changes)) {
        changes_fail(changes);
        return;
    }
    if (changes->state != CHANGES_RELOADING || !changes_are_followed(changes)) {
        return;
    }
    event_del(changes->limit);
    changes->state = CHANGES_FOLLOWING;
    /* Without a supervisor nobody has told the others: who does not work with it
     * already lags behind. */
    uint64_t left =
        changes->supervisor != 0 ? clock_elapsed_ns(clock_monotonic_ns(), changes->deadline_ns) : 0;
    changes->wait = config_wait_create(changes->services->base, config, false, left,
                                       changes_on_followed, changes);
}

/* --- the face --- */

static pid_t supervisor_of_this(void)
{
    const char *text = getenv("RINGCAST_SUPERVISOR_PID");
    pid_t pid = text != NULL ? (pid_t)strtol(text, NULL, 10) : 0;
    return pid > 0 && pid == getppid() ? pid : 0;
}

struct camera_changes *camera_changes_create(struct services *services)
{
    struct camera_changes *changes = xcalloc(1, sizeof *changes);
    changes->services = services;
    changes->supervisor = supervisor_of_this();
    changes->started_ns = clock_realtime_ns();
    changes->limit = evtimer_new(services->base, changes_on_limit, changes);
    if (changes->limit == NULL) {
        die("out of memory for an event");
    }
    return changes;
}

void camera_changes_destroy(struct camera_changes *changes)
{
    if (changes == NULL) {
        return;
    }
    child_process_destroy(changes->store);
    config_wait_destroy(changes->wait);
    event_free(changes->limit);
    if (changes->state != CHANGES_IDLE) {
        camera_edit_finish(&changes->edit);
    }
    free(changes);
}

void camera_changes_resume(struct camera_changes *changes)
{
    if (mark_clear(changes) && changes->supervisor != 0) {
        log_warn("a change of the cameras was interrupted: having every process reload");
        changes_signal(changes);
    }
}

bool camera_changes_are_supervised(const struct camera_changes *changes)
{
    return changes->supervisor != 0;
}

bool camera_changes_are_busy(const struct camera_changes *changes)
{
    return changes->state != CHANGES_IDLE;
}

void camera_changes_revision(const struct camera_changes *changes,
                             char revision[CAMERA_REVISION_SIZE])
{
    snprintf(revision, CAMERA_REVISION_SIZE, "%" PRIx64 "-%" PRIu64,
             changes->started_ns / NS_PER_MS, changes->reloads);
}

void camera_changes_start(struct camera_changes *changes, struct camera_edit *edit,
                          camera_change_done_fn *done, void *arg)
{
    changes->edit = *edit;
    *edit = (struct camera_edit){0};
    changes->done = done;
    changes->arg = arg;
    if (strcmp(changes->edit.config->hash, changes->services->config->hash) == 0) {
        changes_finish(changes, &(struct camera_change_result){.end = CHANGE_APPLIED});
        return;
    }
    changes->state = CHANGES_STORING;
    mark_set(changes);
    int result = changes_store(changes, changes->edit.after);
    if (result < 0) {
        snprintf(changes->reason, sizeof changes->reason, "ringcast-ctl cannot be run: %s",
                 strerror(-result));
        changes_fail(changes);
    }
}

void camera_changes_forget(struct camera_changes *changes)
{
    changes->done = NULL;
}
