#include "tests/camsim/faults.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fault_value { VALUE_NONE, VALUE_NUMBER, VALUE_WORD, VALUE_TEXT };

struct fault_definition {
    const char *name;
    enum fault_value kind;
    const char *fallback; /* the value when none is given */
    const char *words;    /* VALUE_WORD: all that are allowed, a space around each */
    const char *help;
};

static const struct fault_definition definitions[FAULT_COUNT] = {
    [FAULT_STALL] = {"stall", VALUE_WORD, "between", " between middle ",
                     "sends nothing more and stays connected; middle: in the middle of a JPEG"},
    [FAULT_CUT] = {"cut", VALUE_NONE, "", "", "closes in the middle of a JPEG"},
    [FAULT_RESET] = {"reset", VALUE_NONE, "", "", "resets the connection in the middle of a JPEG"},
    [FAULT_NO_CONTENT_LENGTH] = {"no-content-length", VALUE_NONE, "", "",
                                 "parts without Content-Length"},
    [FAULT_WRONG_CONTENT_LENGTH] = {"wrong-content-length", VALUE_NUMBER, "-100", "",
                                    "Content-Length is off by VALUE bytes"},
    [FAULT_BOUNDARY] = {"boundary", VALUE_WORD, "other",
                        " quoted doubled missing other after bare ",
                        "how parts are delimited (from the next connection on)"},
    [FAULT_CHUNKED] = {"chunked", VALUE_WORD, "off", " on off ",
                       "chunked transfer, or none (from the next connection on)"},
    [FAULT_GARBAGE] = {"garbage", VALUE_NUMBER, "100", "", "VALUE bytes of noise before each part"},
    [FAULT_TRUNCATED] = {"truncated", VALUE_NONE, "", "", "only the first half of each JPEG"},
    [FAULT_CORRUPT] = {"corrupt", VALUE_NONE, "", "", "JPEGs with an impossible segment"},
    [FAULT_OVERSIZED] = {"oversized", VALUE_NUMBER, "5242880", "", "whole JPEGs of VALUE bytes"},
    [FAULT_FROZEN] = {"frozen", VALUE_NONE, "", "", "the same picture again and again"},
    [FAULT_TRICKLE] = {"trickle", VALUE_NUMBER, "1000", "", "VALUE bytes a second"},
    [FAULT_401] = {"401", VALUE_WORD, "basic", " basic digest ",
                   "asks for the credentials of --credentials"},
    [FAULT_500] = {"500", VALUE_NONE, "", "", "answers 500"},
    [FAULT_REDIRECT] = {"redirect", VALUE_TEXT, "", "",
                        "answers 302 to VALUE (default: /moved and the path, which works)"},
};

static int faults_find(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(definitions[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool fault_value_parse(const struct fault_definition *definition, const char *value,
                              struct fault_state *state)
{
    char word[FAULT_TEXT_SIZE + 2];
    char *end = NULL;
    if (snprintf(state->text, sizeof state->text, "%s", value) >= (int)sizeof state->text) {
        return false;
    }
    switch (definition->kind) {
    case VALUE_NONE:
        return value[0] == '\0';
    case VALUE_NUMBER:
        state->number = strtod(value, &end);
        return end != value && *end == '\0' && isfinite(state->number) &&
               fabs(state->number) <= 1e9;
    case VALUE_WORD:
        snprintf(word, sizeof word, " %s ", value);
        return strstr(definition->words, word) != NULL;
    case VALUE_TEXT:
        return strpbrk(value, "\r\n") == NULL;
    }
    return false;
}

/* `value` NULL: the fault's default. `frames` -1: without end. */
static int faults_set(struct faults *faults, const char *name, const char *value, int64_t frames,
                      char error[FAULT_ERROR_SIZE])
{
    if (strcmp(name, "none") == 0) {
        *faults = (struct faults){0};
        return 0;
    }
    int fault = faults_find(name);
    if (fault < 0) {
        snprintf(error, FAULT_ERROR_SIZE, "there is no fault '%.60s'; see camsim --help", name);
        return -EINVAL;
    }
    const struct fault_definition *definition = &definitions[fault];
    struct fault_state state = {.on = true, .left = frames};
    if (!fault_value_parse(definition, value != NULL ? value : definition->fallback, &state)) {
        snprintf(error, FAULT_ERROR_SIZE, "fault %s does not take '%.60s'%s%s", name, value,
                 definition->words[0] != '\0' ? ", only:" : "", definition->words);
        return -EINVAL;
    }
    faults->states[fault] = state;
    return 0;
}

int faults_set_option(struct faults *faults, const char *option, char error[FAULT_ERROR_SIZE])
{
    char name[FAULT_TEXT_SIZE];
    const char *equals = strchrnul(option, '=');
    snprintf(name, sizeof name, "%.*s", (int)(equals - option), option);
    return faults_set(faults, name, *equals == '=' ? equals + 1 : NULL, -1, error);
}

int faults_set_json(struct faults *faults, const char *bytes, size_t size,
                    char error[FAULT_ERROR_SIZE])
{
    json_error_t json_error;
    json_int_t frames = -1;
    const char *name = NULL;
    json_t *value = NULL;
    char number[40];
    json_t *body = json_loadb(bytes, size, 0, &json_error);
    int result = -EINVAL;
    if (json_unpack_ex(body, &json_error, 0, "{s:s, s?o, s?I}", "fault", &name, "value", &value,
                       "frames", &frames) < 0 ||
        frames < -1 || (value != NULL && !json_is_string(value) && !json_is_number(value))) {
        snprintf(error, FAULT_ERROR_SIZE,
                 "the body is not {\"fault\": …, \"value\": …, "
                 "\"frames\": …}");
    } else {
        if (json_is_number(value)) {
            snprintf(number, sizeof number, "%.17g", json_number_value(value));
        }
        const char *text = json_is_number(value) ? number : json_string_value(value);
        result = faults_set(faults, name, text, frames, error);
    }
    json_decref(body);
    return result;
}

bool faults_on(const struct faults *faults, enum fault fault)
{
    return faults->states[fault].on;
}

bool faults_take(struct faults *faults, enum fault fault)
{
    struct fault_state *state = &faults->states[fault];
    if (!state->on) {
        return false;
    }
    if (state->left > 0 && --state->left == 0) {
        state->on = false;
    }
    return true;
}

double faults_number(const struct faults *faults, enum fault fault)
{
    return faults->states[fault].number;
}

const char *faults_text(const struct faults *faults, enum fault fault)
{
    return faults->states[fault].text;
}

json_t *faults_to_json(const struct faults *faults)
{
    json_t *names = json_array();
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (faults->states[i].on) {
            json_array_append_new(names, json_string(definitions[i].name));
        }
    }
    return names;
}

void faults_print_help(void)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_definition *definition = &definitions[i];
        printf("  %-22s %s%s%s%s\n", definition->name, definition->help,
               definition->fallback[0] != '\0' ? "; default " : "", definition->fallback,
               definition->words[0] != '\0' ? "; one of" : "");
        if (definition->words[0] != '\0') {
            printf("  %-22s%s\n", "", definition->words);
        }
    }
    printf("  %-22s %s\n", "none", "all is well again");
}
