#include "broadcaster/cameras/camera_fields.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/utf8.h"
#include "common/config_errors.h"
#include "common/config_url.h"
#include "common/memory.h"

static void fields_refuse(const char *id, const char *key, struct config_errors *errors,
                          const char *text)
{
    char *path = xasprintf("cameras.%.64s.%s", id, key);
    config_errors_add(errors, path, "%s", text);
    free(path);
}

/* True when `url` is what the API shows of the one in force. */
static bool is_shown_url(const char *url, const struct config_camera *current)
{
    if (current == NULL || current->url == NULL) {
        return false;
    }
    char *shown = config_redact_url(current->url);
    bool same = strcmp(url, shown) == 0;
    free(shown);
    return same;
}

static bool fields_name_user(json_t *fields)
{
    return json_object_get(fields, "user") != NULL || json_object_get(fields, "password") != NULL;
}

/* The url stays what it is; with other credentials it is without those that it bears itself. */
static void fields_keep_url(json_t *fields, const struct config_camera *current)
{
    json_object_del(fields, "url");
    if (config_url_has_user(current->url) && fields_name_user(fields)) {
        char *user, *password;
        char *url = config_url_take_user(current->url, &user, &password);
        json_object_set_new(fields, "url", json_string(url));
        free(url);
        free(user);
        free(password);
    }
}

/* Decoded from %XX it may be anything. */
static bool is_text(const char *part)
{
    struct utf8 state = {0};
    return part == NULL ||
           (utf8_check(&state, (const uint8_t *)part, strlen(part)) && utf8_complete(&state));
}

static void fields_take_user(json_t *fields, const char *id, struct config_errors *errors)
{
    char *user, *password;
    char *url =
        config_url_take_user(json_string_value(json_object_get(fields, "url")), &user, &password);
    /* Given twice is for the check to refuse. */
    if (!is_text(user) || !is_text(password)) {
        fields_refuse(id, "url", errors, "user and password must be UTF-8, each byte as %XX");
    } else if ((user != NULL || password != NULL) && !fields_name_user(fields)) {
        json_object_set_new(fields, "url", json_string(url));
        json_object_set_new(fields, "user", json_string(user != NULL ? user : ""));
        json_object_set_new(fields, "password",
                            password != NULL ? json_string(password) : json_null());
    }
    free(url);
    free(user);
    free(password);
}

/* The credentials that the camera has would go to whoever answers at the new address. */
static void check_credentials(json_t *fields, const char *id, const struct config_camera *current,
                              struct config_errors *errors)
{
    static const char *const text = "is for the address that the camera had: give it again, or "
                                    "null, together with another url";
    const char *url = json_string_value(json_object_get(fields, "url"));
    bool in_url = current->url != NULL && config_url_has_user(current->url);
    bool stays = !in_url && current->url != NULL && config_url_same_origin(current->url, url);
    if (stays) {
        return;
    }
    if ((in_url || current->user != NULL) && json_object_get(fields, "user") == NULL) {
        fields_refuse(id, "user", errors, text);
    }
    if ((in_url || current->password != NULL) && json_object_get(fields, "password") == NULL) {
        fields_refuse(id, "password", errors, text);
    }
}

void camera_fields_prepare(json_t *fields, const char *id, const struct config_camera *current,
                           struct config_errors *errors)
{
    const char *url = json_string_value(json_object_get(fields, "url"));
    if (url == NULL) {
        return;
    }
    if (is_shown_url(url, current)) {
        fields_keep_url(fields, current);
        return;
    }
    if (strstr(url, "***") != NULL) {
        fields_refuse(id, "url", errors, "*** stands for what is not shown: give the whole url");
        return;
    }
    fields_take_user(fields, id, errors);
    if (current != NULL) {
        check_credentials(fields, id, current, errors);
    }
}
