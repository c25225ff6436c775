/* What the option table says about itself: docs/configuration.md, --help, single values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/camera_id.h"
#include "common/config.h"
#include "common/config_options.h"
#include "common/config_value.h"
#include "common/memory.h"

static const char *const introduction =
    "# Configuration\n"
    "\n"
    "<!-- Made by `ringcast-ctl reference` from the option table in common/config_options.c. -->\n"
    "\n"
    "ringcast reads one JSON file, `ringcast.json`; every process takes it as `-c FILE`. The smallest "
    "one is a camera and its URL:\n"
    "\n"
    "```json\n"
    "{ \"cameras\": { \"CAM1\": { \"url\": \"http://10.0.0.7:81/stream\" } } }\n"
    "```\n"
    "\n"
    "- `ringcast check -c FILE` finds every mistake at once, each with its place; a program that cannot "
    "start because of one ends with code 78.\n"
    "- Unknown keys, keys given twice, wrong types and values out of bounds are mistakes.\n"
    "- Relative paths are relative to the folder of the file.\n"
    "- `${VARIABLE}` in a text is replaced from the environment, which keeps secrets out of the file; "
    "a variable that is not set is a mistake; `$${` stands for `${`.\n"
    "- An environment variable `RINGCAST_<SECTION>_<KEY>` (at the top `RINGCAST_<KEY>`) overrides the "
    "file; lists are separated by commas or written as in the file; an empty variable counts as not set.\n"
    "- What the API changes stands in `<state_dir>/cameras.json`, which is laid over `cameras` by JSON "
    "merge patch (RFC 7396). It cannot name files, and `${}` means nothing in it. It may hold passwords "
    "(mode 0600). To take back everything that the API has changed, remove it and reload.\n"
    "- `ringcast reload` (SIGHUP) makes every process read it all again, and returns when all work with it. "
    "When it has a mistake, nothing changes and the log says why.\n";

static const struct {
    const char *title;
    const char *text;
} section_texts[SECTION_COUNT] = {
    [SECTION_TOP] = {"At the top", ""},
    [SECTION_DETECTOR] = {"`detector`",
                          "Without `model` the pipeline runs with raw pictures only.\n\n"},
    [SECTION_BROADCASTER] = {"`broadcaster`", ""},
    [SECTION_HISTORY] = {"`history`",
                         "The record of counts, occupied spaces and their events that the "
                         "broadcaster keeps. `\"history\": \"off\"` is short for "
                         "`\"history\": {\"enabled\": false}`.\n\n"},
    [SECTION_CAMERA] =
        {"`cameras`", "An object: the key is the camera's id, of 1 to 64 letters, digits, `_`, `.` "
                      "and `-`, the first a letter or digit; the value has these keys. Environment "
                      "variables do not override them.\n\n"},
};

static char *bounds_text(const struct config_option *option)
{
    char *low, *high, *text;
    switch (option->type) {
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
        return xasprintf("%s, %.15g to %.15g",
                         option->type == CONFIG_INTEGER ? "integer" : "number", option->minimum,
                         option->maximum);
    case CONFIG_BYTES:
        low = config_bytes_to_text(option->minimum);
        high = config_bytes_to_text(option->maximum);
        text = xasprintf("bytes, %s to %s", low, high);
        free(low);
        free(high);
        return text;
    case CONFIG_PATH:
        return xstrdup("path");
    case CONFIG_URL:
        return xstrdup("URL, http or https");
    case CONFIG_LISTEN:
        return xstrdup("address:port");
    case CONFIG_STRING:
        return xasprintf("text, at most %.15g bytes", option->maximum);
    case CONFIG_STRINGS:
        return xstrdup("list of texts");
    case CONFIG_ORIGINS:
        return xstrdup("list of origins");
    case CONFIG_NETWORKS:
        return xstrdup("list of addresses and networks");
    case CONFIG_BASE_PATH:
        return xstrdup("path of a URL");
    case CONFIG_TILES:
        return xasprintf("`[columns, rows]`, each %.15g to %.15g", option->minimum,
                         option->maximum);
    case CONFIG_POLYGON:
        return xasprintf("list of %.15g to %.15g corners", option->minimum, option->maximum);
    case CONFIG_POLYGONS:
    case CONFIG_SPACES:
    case CONFIG_TOKENS:
        return xasprintf("list, at most %.15g", option->maximum);
    default:
        return config_value_wanted(option);
    }
}

static void print_option(const struct config_option *option)
{
    char *bounds = bounds_text(option);
    printf("| `%s` | %s | ", option->key, bounds);
    if (option->fallback_note != NULL) {
        printf("%s", option->fallback_note);
    } else {
        printf("`%s`", option->fallback);
    }
    printf(" | %s |\n", option->help);
    free(bounds);
}

static void print_section(enum config_section section)
{
    printf("\n## %s\n\n%s| key | value | default | meaning |\n|---|---|---|---|\n",
           section_texts[section].title, section_texts[section].text);
    for (size_t i = 0; i < config_option_count; i++) {
        if (config_options[i].section == section) {
            print_option(&config_options[i]);
        }
    }
}

void config_print_reference(void)
{
    printf("%s", introduction);
    for (int section = 0; section < SECTION_COUNT; section++) {
        print_section((enum config_section)section);
    }
}

void config_print_help(void)
{
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        const char *section = config_section_name(option->section);
        char *bounds = bounds_text(option);
        char *name = xasprintf("%s%s%s", section,
                               option->section == SECTION_CAMERA ? ".ID."
                               : section[0] != '\0'              ? "."
                                                                 : "",
                               option->key);
        printf("  %-30s %s\n", name, bounds);
        free(name);
        free(bounds);
    }
}

/* The row and struct that a key names ("detector.conf", "cameras.CAM1.fps"); NULL: no such key. A
 * camera's id may hold dots, its keys do not. */
static const struct config_option *locate(const struct config *config, const char *key,
                                          const void **section_struct)
{
    char id[CAMERA_ID_SIZE];
    const char *dot = strrchr(key, '.');
    if (strncmp(key, "cameras.", 8) == 0 && dot > key + 8) {
        size_t length = (size_t)(dot - key - 8);
        snprintf(id, sizeof id, "%.*s", (int)length, key + 8);
        *section_struct = length < sizeof id ? config_find_camera(config, id) : NULL;
        return *section_struct != NULL ? config_option_find(SECTION_CAMERA, dot + 1) : NULL;
    }
    for (int i = SECTION_TOP; i < SECTION_CAMERA; i++) {
        enum config_section section = (enum config_section)i;
        size_t length = strlen(config_section_name(section));
        if (length == 0
                ? dot == NULL
                : strncmp(key, config_section_name(section), length) == 0 && dot == key + length) {
            *section_struct = (const char *)config + config_section_offset(section);
            return config_option_find(section, length == 0 ? key : dot + 1);
        }
    }
    return NULL;
}

char *config_get_text(const struct config *config, const char *key)
{
    const void *section_struct = NULL;
    if (strcmp(key, "config_hash") == 0) {
        return xstrdup(config->hash);
    }
    const struct config_option *option = locate(config, key, &section_struct);
    return option != NULL ? config_value_to_text(option, section_struct) : NULL;
}
