/* Configurations for tests: written to a folder of the test's own, loaded, compared. In their texts
 * ' stands for ", so that they can be read in C. */
#ifndef TESTS_UNIT_CONFIG_FILE_H
#define TESTS_UNIT_CONFIG_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/fd.h"
#include "common/memory.h"

struct config_file {
    char folder[64];
    char path[96]; /* of ringcast.json in it */
    struct config *config;
    struct config_errors errors;
    int result;
};

/* Environment variables of other tests and of the developer stay out. */
static inline void config_file_clean_environment(void)
{
    static const char *const own[] = {"RINGCAST_RUN_DIR", "RINGCAST_STATE_DIR",
                                      "RINGCAST_LOG_LEVEL", "RINGCAST_LOG_FORMAT",
                                      "RINGCAST_MAX_FRAME_BYTES"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        unsetenv(own[i]);
    }
}

static inline int config_file_create(void **state)
{
    struct config_file *file = xcalloc(1, sizeof *file);
    config_file_clean_environment();
    strcpy(file->folder, "/tmp/ringcast-config-XXXXXX");
    if (mkdtemp(file->folder) == NULL) {
        free(file);
        return -1;
    }
    snprintf(file->path, sizeof file->path, "%s/ringcast.json", file->folder);
    *state = file;
    return 0;
}

static inline void config_file_forget(struct config_file *file)
{
    config_destroy(file->config);
    config_errors_finish(&file->errors);
    file->config = NULL;
}

static inline int config_file_destroy(void **state)
{
    struct config_file *file = *state;
    config_file_forget(file);
    char *command = xasprintf("rm -rf '%s'", file->folder);
    int result = system(command);
    free(command);
    free(file);
    return result;
}

static inline void config_file_write(struct config_file *file, const char *name, const char *text)
{
    char *json = xstrdup(text), *path = xasprintf("%s/%s", file->folder, name);
    for (char *c = json; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    if (fd_write_file(path, json, strlen(json)) < 0) {
        die("cannot write path=%s", path);
    }
    free(json);
    free(path);
}

static inline void config_file_load_again(struct config_file *file)
{
    config_file_forget(file);
    file->result = config_load(file->path, &file->config, &file->errors);
}

/* Writes ringcast.json and loads it. The state folder is the test's own unless the text has one. */
static inline void config_file_load(struct config_file *file, const char *text)
{
    if (strstr(text, "state_dir") == NULL) {
        setenv("RINGCAST_STATE_DIR", file->folder, 1);
    } else {
        unsetenv("RINGCAST_STATE_DIR");
    }
    config_file_write(file, "ringcast.json", text);
    config_file_load_again(file);
}

/* True when one of the mistakes is exactly this line. */
static inline bool config_file_has_error(const struct config_file *file, const char *line)
{
    for (size_t i = 0; i < file->errors.count; i++) {
        if (strcmp(file->errors.lines[i], line) == 0) {
            return true;
        }
    }
    return false;
}

/* True when one of the mistakes is about this path. */
static inline bool config_file_blames(const struct config_file *file, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < file->errors.count; i++) {
        if (strncmp(file->errors.lines[i], path, length) == 0 &&
            strncmp(file->errors.lines[i] + length, ": ", 2) == 0) {
            return true;
        }
    }
    return false;
}

/* For the message of a failed test. */
static inline void config_file_show_errors(const struct config_file *file)
{
    for (size_t i = 0; i < file->errors.count; i++) {
        fprintf(stderr, "    %s\n", file->errors.lines[i]);
    }
}

#endif
