/* What is wrong with the camera just now. Several faults may be on at once; each until it is taken
 * back, or for a number of frames. */
#ifndef TESTS_CAMSIM_FAULTS_H
#define TESTS_CAMSIM_FAULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define FAULT_TEXT_SIZE  256
#define FAULT_ERROR_SIZE 160

enum fault {
    FAULT_STALL,
    FAULT_CUT,
    FAULT_RESET,
    FAULT_NO_CONTENT_LENGTH,
    FAULT_WRONG_CONTENT_LENGTH,
    FAULT_BOUNDARY,
    FAULT_CHUNKED,
    FAULT_GARBAGE,
    FAULT_TRUNCATED,
    FAULT_CORRUPT,
    FAULT_OVERSIZED,
    FAULT_FROZEN,
    FAULT_TRICKLE,
    FAULT_401,
    FAULT_500,
    FAULT_REDIRECT,
    FAULT_COUNT
};

/* One fault that is on, or not. */
struct fault_state {
    bool on;
    int64_t left;  /* uses to come; -1: without end */
    double number; /* its value, where that is a number */
    char text[FAULT_TEXT_SIZE];
};

struct faults {
    struct fault_state states[FAULT_COUNT];
};

/* Switches a fault on: "NAME", or "NAME=VALUE" where it is not the fault's default, as the command
 * line gives it; "none" switches all off. 0, or -EINVAL with a sentence in `error`. */
int faults_set_option(struct faults *faults, const char *option, char error[FAULT_ERROR_SIZE]);

/* The same, {"fault": NAME, "value": text or number, "frames": N}, as POST /fault gives it. */
int faults_set_json(struct faults *faults, const char *bytes, size_t size,
                    char error[FAULT_ERROR_SIZE]);

bool faults_on(const struct faults *faults, enum fault fault);

/* True when the fault is on, and counts this as one of its uses. */
bool faults_take(struct faults *faults, enum fault fault);

double faults_number(const struct faults *faults, enum fault fault);
const char *faults_text(const struct faults *faults, enum fault fault);

/* The names of those that are on: an array; the caller owns the reference. */
json_t *faults_to_json(const struct faults *faults);

/* One line per fault, for --help. */
void faults_print_help(void);

#endif
