#include "common/config_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define ERROR_TEXT_MAX 512

void config_errors_add(struct config_errors *errors, const char *path, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *line = xasprintf("%s%s%s", path, path[0] != '\0' ? ": " : "", text);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* a key may hold anything, and a mistake is one line */
        }
    }
    errors->lines = xreallocarray(errors->lines, errors->count + 1, sizeof *errors->lines);
    errors->lines[errors->count++] = line;
}

void config_errors_finish(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        free(errors->lines[i]);
    }
    free(errors->lines);
    *errors = (struct config_errors){0};
}

bool config_errors_only_keys(json_t *object, const char *const *keys, const char *path,
                             struct config_errors *errors)
{
    bool right = true;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (keys[i] == NULL) {
            char *key_path = xasprintf("%s.%.64s", path, key);
            config_errors_add(errors, key_path, "unknown key");
            free(key_path);
            right = false;
        }
    }
    return right;
}
