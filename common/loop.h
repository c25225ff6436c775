/* The event loop of a process: a libevent base, signals as events, readiness, and the tie to the
 * supervisor. One loop, one thread: everything here is called from it.
 *
 * SIGTERM and SIGINT (unless it was ignored from the start) stop the loop; SIGHUP calls the reload
 * handler; SIGPIPE is ignored. A process whose supervisor (RINGCAST_SUPERVISOR_PID) is no longer
 * its parent ends at once: loop_create() asks for SIGTERM on the parent's death and then compares,
 * so no moment is left open. */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

struct event_base;
struct loop;

typedef void loop_reload_fn(void *arg);

/* Dies when the loop cannot be made. `ready_fd` -1: nobody waits; else the loop owns it. */
struct loop *loop_create(int ready_fd);
void loop_destroy(struct loop *loop); /* NULL is allowed */

struct event_base *loop_base(struct loop *loop);

/* Called on SIGHUP, from the loop, never in signal context. */
void loop_on_reload(struct loop *loop, loop_reload_fn *handler, void *arg);

/* Says "I can serve now": writes a newline to the ready descriptor and closes it. Later calls do
 * nothing. */
void loop_ready(struct loop *loop);

/* Runs until a signal or loop_stop(). Returns 0, or the code given to loop_stop(). */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int exit_code);

#endif
