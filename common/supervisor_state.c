#include "common/supervisor_state.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"

#define STATE_FILE_MAX (1024 * 1024) /* bytes */

/* "NAME STATE PID RESTARTS SINCE EXIT_CODE" */
static bool parse_process(const char *line, struct supervisor_process *process)
{
    *process = (struct supervisor_process){0};
    return sscanf(line, "%79s %15s %9d %18ld %18lld %9d", process->name, process->state,
                  &process->pid, &process->restarts, &process->since_s, &process->exit_code) == 6;
}

static int parse_state(char *text, struct supervisor_state *state)
{
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);
    if (line == NULL ||
        sscanf(line, "supervisor %9d %18lld", &state->pid, &state->started_s) != 2) {
        return -EBADMSG;
    }
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
        state->items = xreallocarray(state->items, state->count + 1, sizeof *state->items);
        if (!parse_process(line, &state->items[state->count++])) {
            return -EBADMSG;
        }
    }
    return 0;
}

int supervisor_state_read(const char *run_dir, struct supervisor_state *state)
{
    uint8_t *text = NULL;
    size_t size;
    char *path = xasprintf("%s/supervisor.state", run_dir);
    *state = (struct supervisor_state){0};
    int result = fd_read_file(path, STATE_FILE_MAX, &text, &size);
    if (result == 0) {
        result = parse_state((char *)text, state);
        free(text);
    }
    /* A supervisor that was killed leaves its file behind. */
    if (result == 0 && kill(state->pid, 0) < 0 && errno == ESRCH) {
        result = -ENOENT;
    }
    free(path);
    return result;
}

void supervisor_state_finish(struct supervisor_state *state)
{
    free(state->items);
    *state = (struct supervisor_state){0};
}
