#include "common/config_document.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_errors.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/text_hash.h"

#define VARIABLE_NAME_MAX 128

/* --- reading --- */

static bool within_depth(json_t *value, int levels)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_object(value) || json_is_array(value)) {
        if (levels == 0) {
            return false;
        }
        json_object_foreach(value, key, member)
        {
            if (!within_depth(member, levels - 1)) {
                return false;
            }
        }
        json_array_foreach(value, i, member)
        {
            if (!within_depth(member, levels - 1)) {
                return false;
            }
        }
    }
    return true;
}

/* Its size where there is one: some editors put it before every text (RFC 8259, section 8.1). */
static size_t byte_order_mark(const uint8_t *bytes, size_t size)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    return size >= sizeof mark && memcmp(bytes, mark, sizeof mark) == 0 ? sizeof mark : 0;
}

int config_document_read(const char *path, json_t **document, struct config_errors *errors)
{
    uint8_t *bytes;
    size_t size;
    int result = fd_read_file(path, CONFIG_FILE_MAX, &bytes, &size);
    if (result == -EFBIG) {
        config_errors_add(errors, path, "is larger than %d bytes", CONFIG_FILE_MAX);
    } else if (result < 0 && result != -ENOENT) {
        config_errors_add(errors, path, "cannot be read: %s", strerror(-result));
    }
    if (result < 0) {
        return result;
    }
    json_error_t error;
    size_t mark = byte_order_mark(bytes, size);
    json_t *parsed =
        json_loadb((const char *)bytes + mark, size - mark, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    if (parsed == NULL) {
        char *place = xasprintf("%s:%d:%d", path, error.line, error.column);
        config_errors_add(errors, place, "%s", error.text);
        free(place);
        return -EINVAL;
    }
    if (!json_is_object(parsed) || !within_depth(parsed, CONFIG_DEPTH_MAX)) {
        const char *mistake =
            json_is_object(parsed) ? "is nested too deeply" : "must hold an object";
        config_errors_add(errors, path, "%s", mistake);
        json_decref(parsed);
        return -EINVAL;
    }
    *document = parsed;
    return 0;
}

/* --- ${VARIABLE} --- */

struct expansion {
    char *text;
    size_t size;
};

static void expansion_append(struct expansion *out, const char *bytes, size_t count)
{
    out->text = xreallocarray(out->text, out->size + count + 1, 1);
    memcpy(out->text + out->size, bytes, count);
    out->size += count;
    out->text[out->size] = '\0';
}

/* The length of the variable's name at `name`, which must end with '}'; 0: it is none. */
static size_t variable_length(const char *name)
{
    size_t length = 0;
    while (isalnum((unsigned char)name[length]) || name[length] == '_') {
        length++;
    }
    bool right =
        name[length] == '}' && length < VARIABLE_NAME_MAX && !isdigit((unsigned char)*name);
    return right ? length : 0;
}

/* Puts in the variable named at `name`; returns its length, or 0 with an error added. */
static size_t expand_variable(struct expansion *out, const char *name, const char *path,
                              struct config_errors *errors)
{
    char variable[VARIABLE_NAME_MAX];
    size_t length = variable_length(name);
    if (length == 0) {
        config_errors_add(errors, path,
                          "${ must be followed by the name of a variable and } "
                          "(write $${ for the two characters themselves)");
        return 0;
    }
    memcpy(variable, name, length);
    variable[length] = '\0';
    const char *value = getenv(variable);
    if (value == NULL) {
        config_errors_add(errors, path, "environment variable %s is not set", variable);
        return 0;
    }
    expansion_append(out, value, strlen(value));
    return length;
}

/* The string with its variables put in, or NULL with an error added. */
static json_t *expand_text(const char *text, const char *path, struct config_errors *errors)
{
    struct expansion out = {0};
    expansion_append(&out, "", 0);
    while (*text != '\0') {
        if (strncmp(text, "$${", 3) == 0) {
            expansion_append(&out, "${", 2);
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            size_t length = expand_variable(&out, text + 2, path, errors);
            if (length == 0) {
                free(out.text);
                return NULL;
            }
            text += 2 + length + 1;
        } else {
            expansion_append(&out, text++, 1);
        }
    }
    json_t *expanded = json_stringn(out.text, out.size);
    if (expanded == NULL) {
        config_errors_add(errors, path, "the environment variable in it is not UTF-8");
    }
    free(out.text);
    return expanded;
}

static void expand_value(json_t *value, const char *path, struct config_errors *errors)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value) && strstr(json_string_value(value), "${") != NULL) {
        json_t *expanded = expand_text(json_string_value(value), path, errors);
        if (expanded != NULL) {
            json_string_setn(value, json_string_value(expanded), json_string_length(expanded));
            json_decref(expanded);
        }
    }
    json_object_foreach(value, key, member)
    {
        char *member_path = xasprintf("%s%s%.64s", path, path[0] != '\0' ? "." : "", key);
        expand_value(member, member_path, errors);
        free(member_path);
    }
    json_array_foreach(value, i, member)
    {
        char *member_path = xasprintf("%s[%zu]", path, i);
        expand_value(member, member_path, errors);
        free(member_path);
    }
}

void config_document_expand(json_t *document, struct config_errors *errors)
{
    expand_value(document, "", errors);
}

/* --- the overlay --- */

json_t *config_document_patch(json_t *target, json_t *patch)
{
    const char *key;
    json_t *change;
    if (!json_is_object(patch)) {
        json_decref(target);
        return json_incref(patch);
    }
    if (!json_is_object(target)) {
        json_decref(target);
        target = json_object();
    }
    json_object_foreach(patch, key, change)
    {
        if (json_is_null(change)) {
            json_object_del(target, key);
        } else {
            json_t *old = json_incref(json_object_get(target, key));
            json_object_set_new(target, key, config_document_patch(old, change));
        }
    }
    return target;
}

static void overlay_refuse(const char *id, const char *key, struct config_errors *errors)
{
    char *path = xasprintf("cameras.%.64s.%s", id, key);
    config_errors_add(
        errors, path,
        "files are named only in the configuration file, not in " CONFIG_OVERLAY_NAME);
    free(path);
}

/* Holds the overlay to what the API may change. */
static void overlay_check(json_t *overlay, struct config_errors *errors)
{
    const char *id;
    json_t *camera;
    json_object_foreach(overlay, id, camera)
    {
        const char *source = json_string_value(json_object_get(camera, "source"));
        if (json_is_string(json_object_get(camera, "path"))) {
            overlay_refuse(id, "path", errors);
        }
        if (source != NULL && strcmp(source, "file") == 0) {
            overlay_refuse(id, "source", errors);
        }
    }
}

char *config_document_overlay_path(const char *state_dir)
{
    return xasprintf("%s/%s", state_dir, CONFIG_OVERLAY_NAME);
}

json_t *config_document_read_overlay(const char *state_dir, struct config_errors *errors)
{
    json_t *overlay = NULL;
    char *path = config_document_overlay_path(state_dir);
    if (config_document_read(path, &overlay, errors) == -ENOENT) {
        overlay = json_object();
    }
    free(path);
    return overlay;
}

void config_document_overlay(json_t *document, json_t *overlay, struct config_errors *errors)
{
    if (json_object_size(overlay) > 0) {
        overlay_check(overlay, errors);
        json_t *cameras = json_incref(json_object_get(document, "cameras"));
        json_object_set_new(document, "cameras", config_document_patch(cameras, overlay));
    }
}

void config_document_hash(const json_t *document, char hash[17])
{
    char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    snprintf(hash, 17, "%016" PRIx64, text_hash(text != NULL ? text : ""));
    free(text);
}
