#include "common/config_section.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config_errors.h"
#include "common/log.h"
#include "common/memory.h"

/* --- the environment --- */

/* What the environment says about the row, or NULL. */
static const char *environment_text(const struct config_option *option)
{
    char *variable = config_option_variable(option);
    const char *text = variable != NULL ? getenv(variable) : NULL;
    free(variable);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The object of the section inside the document, made when it is missing; NULL when something else
 * stands in its place (which config_load() will say). */
static json_t *section_object(json_t *document, enum config_section section)
{
    const char *name = config_section_name(section);
    if (section == SECTION_TOP) {
        return document;
    }
    json_t *object = json_object_get(document, name);
    if (object == NULL) {
        object = json_object();
        json_object_set_new(document, name, object);
    }
    return json_is_object(object) ? object : NULL;
}

static void override_option(json_t *document, const struct config_option *option,
                            struct config_errors *errors)
{
    const char *text = environment_text(option);
    json_t *object = text != NULL ? section_object(document, option->section) : NULL;
    if (object == NULL) {
        return;
    }
    json_t *value = config_value_from_text(option, text);
    if (value != NULL) {
        json_object_set_new(object, option->key, value);
        return;
    }
    char *variable = config_option_variable(option);
    char *wanted = config_value_wanted(option);
    config_errors_add(errors, variable, "must be %s", wanted);
    free(wanted);
    free(variable);
}

static bool known_variable(const char *name, size_t length)
{
    bool known = false;
    for (size_t i = 0; i < config_option_count && !known; i++) {
        char *variable = config_option_variable(&config_options[i]);
        known =
            variable != NULL && strlen(variable) == length && memcmp(variable, name, length) == 0;
        free(variable);
    }
    return known;
}

/* A typing error in a variable would otherwise be silent. Top-level names are left alone: tools and
 * tests have RINGCAST_ variables of their own. */
static void warn_of_unknown_variables(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        size_t length = strcspn(*entry, "=");
        bool ours = strncmp(*entry, "RINGCAST_DETECTOR_", 18) == 0 ||
                    strncmp(*entry, "RINGCAST_BROADCASTER_", 21) == 0 ||
                    strncmp(*entry, "RINGCAST_HISTORY_", 17) == 0;
        if (ours && !known_variable(*entry, length)) {
            log_warn("environment variable overrides no option and is ignored name=%.*s",
                     (int)length, *entry);
        }
    }
}

void config_section_environment(json_t *document, struct config_errors *errors)
{
    for (size_t i = 0; i < config_option_count; i++) {
        override_option(document, &config_options[i], errors);
    }
    warn_of_unknown_variables();
}

/* --- reading --- */

/* Where a mistake in the row is to be looked for. The caller frees it. */
static char *option_path(const struct config_option *option, const char *section_path)
{
    if (environment_text(option) != NULL) {
        return config_option_variable(option);
    }
    const char *dot = section_path[0] != '\0' ? "." : "";
    return xasprintf("%s%s%s", section_path, dot, option->key);
}

static void read_option(const struct config_option *option, json_t *value, const char *path,
                        void *section_struct, struct config_reader *reader)
{
    if (value != NULL) {
        char *value_path = option_path(option, path);
        bool stored = config_value_store(option, value, section_struct, value_path, reader);
        free(value_path);
        if (stored) {
            return;
        }
    }
    if (option->fallback != NULL) {
        json_t *fallback = config_value_from_text(option, option->fallback);
        config_value_store(option, fallback, section_struct, option->key, reader);
        json_decref(fallback);
    }
}

static bool known_key(enum config_section section, const char *key)
{
    if (config_option_find(section, key) != NULL) {
        return true;
    }
    for (int i = SECTION_TOP + 1; section == SECTION_TOP && i < SECTION_COUNT; i++) {
        if (strcmp(config_section_name((enum config_section)i), key) == 0) {
            return true;
        }
    }
    return false;
}

static void refuse_unknown_keys(enum config_section section, json_t *object, const char *path,
                                struct config_errors *errors)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (known_key(section, key)) {
            continue;
        }
        char *key_path = xasprintf("%s%s%.64s", path, path[0] != '\0' ? "." : "", key);
        const char *near = config_option_suggest(section, key);
        if (near != NULL) {
            config_errors_add(errors, key_path, "unknown key; did you mean \"%s\"?", near);
        } else {
            config_errors_add(errors, key_path, "unknown key");
        }
        free(key_path);
    }
}

void config_section_read(enum config_section section, json_t *object, const char *path,
                         void *section_struct, struct config_reader *reader)
{
    if (object != NULL && !json_is_object(object)) {
        config_errors_add(reader->errors, path, "must be an object");
        object = NULL;
    }
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->section == section) {
            read_option(option, json_object_get(object, option->key), path, section_struct, reader);
        }
    }
    refuse_unknown_keys(section, object, path, reader->errors);
}

void config_section_free(enum config_section section, void *section_struct)
{
    for (size_t i = 0; i < config_option_count; i++) {
        if (config_options[i].section == section) {
            config_value_free(&config_options[i], section_struct);
        }
    }
}
