#include "common/config_value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_access.h"
#include "common/config_errors.h"
#include "common/config_polygons.h"
#include "common/config_spaces.h"
#include "common/config_tokens.h"
#include "common/config_url.h"
#include "common/memory.h"

#define STRINGS_MAX 1000

static void *config_field(const struct config_option *option, void *section_struct)
{
    return (char *)section_struct + option->offset;
}

/* --- text to JSON --- */

/* An integer, or a number with one of the units KiB, MiB, GiB behind it; -1: neither. */
static json_int_t bytes_from_text(const char *text)
{
    static const struct {
        const char *name;
        double size;
    } units[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024.0 * 1024 * 1024}};
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);
    if (digits == 0 || end != text + digits) {
        return -1;
    }
    end += *end == ' ';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double bytes = number * units[i].size;
        if (strcmp(end, units[i].name) == 0 && bytes < 1e18 && bytes == floor(bytes)) {
            return (json_int_t)bytes;
        }
    }
    return -1;
}

static json_t *integer_from_text(const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' ? json_integer(number) : NULL;
}

static json_t *number_from_text(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    /* Plain decimal only: strtod() would take hexadecimal, "inf" and "nan" as well. */
    bool plain = text[strspn(text, "+-.0123456789eE")] == '\0';
    return plain && end != text && *end == '\0' ? json_real(number) : NULL;
}

/* As texts are listed in the file. "[::1]:80, cam" is not: a host may begin with a bracket. */
static bool is_list_of_file(const char *text)
{
    if (*text != '[') {
        return false;
    }
    const char *first = text + 1 + strspn(text + 1, " ");
    return *first == '"' || *first == ']';
}

/* "car, truck", or as in the file: ["car", "truck"] */
static json_t *strings_from_text(const char *text)
{
    if (is_list_of_file(text)) {
        return json_loads(text, 0, NULL);
    }
    json_t *list = json_array();
    for (;;) {
        text += strspn(text, " ");
        size_t length = strcspn(text, ","), end = length;
        while (end > 0 && text[end - 1] == ' ') {
            end--;
        }
        json_t *element = json_stringn(text, end);
        json_array_append_new(list, element != NULL ? element : json_null()); /* not UTF-8 */
        if (text[length] == '\0') {
            return list;
        }
        text += length + 1;
    }
}

/* "2,2", or as in the file: [2, 2] */
static json_t *tiles_from_text(const char *text)
{
    if (*text == '[') {
        return json_loads(text, 0, NULL);
    }
    const char *comma = strchr(text, ',');
    if (comma == NULL) {
        return NULL;
    }
    char *columns = xasprintf("%.*s", (int)(comma - text), text);
    json_t *tiles = json_array();
    json_t *sides[] = {integer_from_text(columns), integer_from_text(comma + 1)};
    free(columns);
    for (size_t i = 0; i < 2; i++) {
        json_array_append_new(tiles, sides[i] != NULL ? sides[i] : json_null());
    }
    return tiles;
}

json_t *config_value_from_text(const struct config_option *option, const char *text)
{
    switch (option->type) {
    case CONFIG_INTEGER:
        return integer_from_text(text);
    case CONFIG_NUMBER:
        return number_from_text(text);
    case CONFIG_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0) {
            return json_true();
        }
        return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_false() : NULL;
    case CONFIG_STRINGS:
    case CONFIG_ORIGINS:
    case CONFIG_NETWORKS:
        return strings_from_text(text);
    case CONFIG_TILES:
        return tiles_from_text(text);
    case CONFIG_SPACES:
    case CONFIG_TOKENS:
    case CONFIG_POLYGON:
    case CONFIG_POLYGONS:
        return NULL;
    default:
        return json_string(text);
    }
}

char *config_bytes_to_text(double bytes)
{
    static const char *const units[] = {"", " KiB", " MiB", " GiB"};
    size_t unit = 0;
    while (unit < 3 && bytes >= 1024 && fmod(bytes, 1024) == 0) {
        bytes /= 1024;
        unit++;
    }
    return xasprintf("%.15g%s", bytes, units[unit]);
}

/* --- checking and storing --- */

char *config_value_wanted(const struct config_option *option)
{
    switch (option->type) {
    case CONFIG_INTEGER:
        return xstrdup("an integer");
    case CONFIG_BYTES:
        return xstrdup("a number of bytes such as 65536 or \"4 MiB\"");
    case CONFIG_NUMBER:
        return xstrdup("a number");
    case CONFIG_BOOL:
        return xstrdup("true or false");
    case CONFIG_STRINGS:
    case CONFIG_ORIGINS:
    case CONFIG_NETWORKS:
        return xstrdup("a list of texts");
    case CONFIG_SPACES:
        return xstrdup("a list of spaces");
    case CONFIG_TOKENS:
        return xstrdup("a list of tokens");
    case CONFIG_TILES:
        return xstrdup("[columns, rows]");
    case CONFIG_POLYGON:
        return xstrdup("a list of corners [x, y]");
    case CONFIG_POLYGONS:
        return xstrdup("a list of polygons");
    case CONFIG_ENUM:
    case CONFIG_CHOICE:
        break;
    default:
        return xstrdup("a text");
    }
    char *wanted = xstrdup("one of");
    for (size_t i = 0; option->names[i] != NULL; i++) {
        char *longer = xasprintf("%s%s %s", wanted, i > 0 ? "," : "", option->names[i]);
        free(wanted);
        wanted = longer;
    }
    return wanted;
}

static bool config_wrong_type(const struct config_option *option, const char *path,
                              struct config_reader *reader)
{
    char *wanted = config_value_wanted(option);
    config_errors_add(reader->errors, path, "must be %s", wanted);
    free(wanted);
    return false;
}

static bool config_check_bounds(const struct config_option *option, double number, const char *path,
                                struct config_reader *reader)
{
    bool below = number < option->minimum;
    if (!below && number <= option->maximum) {
        return true;
    }
    double bound = below ? option->minimum : option->maximum;
    char *text =
        option->type == CONFIG_BYTES ? config_bytes_to_text(bound) : xasprintf("%.15g", bound);
    config_errors_add(reader->errors, path, "%.15g is %s %s", number, below ? "below" : "above",
                      text);
    free(text);
    return false;
}

static bool config_check_length(const struct config_option *option, const char *text,
                                const char *path, struct config_reader *reader)
{
    double length = (double)strlen(text);
    if (length < option->minimum) {
        config_errors_add(reader->errors, path, "must not be empty");
        return false;
    }
    if (length > option->maximum) {
        config_errors_add(reader->errors, path, "is longer than %.15g bytes", option->maximum);
        return false;
    }
    return true;
}

static bool store_number(const struct config_option *option, json_t *value, void *field,
                         const char *path, struct config_reader *reader)
{
    double number = json_number_value(value);
    int64_t integer = (int64_t)json_integer_value(value);
    bool readable = option->type == CONFIG_NUMBER ? json_is_number(value) : json_is_integer(value);
    if (option->type == CONFIG_BYTES && json_is_string(value)) {
        integer = (int64_t)bytes_from_text(json_string_value(value));
        number = (double)integer;
        readable = integer >= 0;
    }
    if (!readable) {
        return config_wrong_type(option, path, reader);
    }
    if (!config_check_bounds(option, number, path, reader)) {
        return false;
    }
    if (option->type == CONFIG_NUMBER) {
        *(double *)field = number;
    } else {
        *(int64_t *)field = integer;
    }
    return true;
}

/* The place of a text among the names, or -1. */
static int config_name_place(const struct config_option *option, const char *text)
{
    for (int i = 0; option->names[i] != NULL; i++) {
        if (strcmp(option->names[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static bool store_string(const struct config_option *option, json_t *value, void *field,
                         const char *path, struct config_reader *reader)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        return config_wrong_type(option, path, reader);
    }
    const char *mistake = NULL;
    if (option->type == CONFIG_ENUM || option->type == CONFIG_CHOICE) {
        int place = config_name_place(option, text);
        if (place < 0) {
            return config_wrong_type(option, path, reader);
        }
        if (option->type == CONFIG_ENUM) {
            memcpy(field, &place, sizeof place);
            return true;
        }
    } else if (!config_check_length(option, text, path, reader)) {
        return false;
    } else if (option->type == CONFIG_URL) {
        mistake = config_url_mistake(text);
    } else if (option->type == CONFIG_LISTEN) {
        mistake = config_listen_mistake(text);
    } else if (option->type == CONFIG_BASE_PATH) {
        mistake = config_base_path_mistake(text);
    }
    if (mistake != NULL) {
        config_errors_add(reader->errors, path, "%s", mistake);
        return false;
    }
    bool relative = option->type == CONFIG_PATH && text[0] != '/';
    *(char **)field = relative ? xasprintf("%s/%s", reader->directory, text) : xstrdup(text);
    return true;
}

static bool check_list_text(const struct config_option *option, json_t *element, const char *path,
                            struct config_reader *reader)
{
    const char *text = json_string_value(element);
    if (text == NULL) {
        config_errors_add(reader->errors, path, "must be a text");
        return false;
    }
    if (!config_check_length(option, text, path, reader)) {
        return false;
    }
    const char *mistake = option->type == CONFIG_ORIGINS    ? config_origin_mistake(text)
                          : option->type == CONFIG_NETWORKS ? config_network_mistake(text)
                                                            : NULL;
    if (mistake != NULL) {
        config_errors_add(reader->errors, path, "%s", mistake);
    }
    return mistake == NULL;
}

static bool store_strings(const struct config_option *option, json_t *value, void *field,
                          const char *path, struct config_reader *reader)
{
    if (!json_is_array(value)) {
        return config_wrong_type(option, path, reader);
    }
    size_t count = json_array_size(value);
    if (count > STRINGS_MAX) {
        config_errors_add(reader->errors, path, "has more than %d elements", STRINGS_MAX);
        return false;
    }
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        char *element_path = xasprintf("%s[%zu]", path, i);
        right &= check_list_text(option, json_array_get(value, i), element_path, reader);
        free(element_path);
    }
    if (right && count > 0) {
        struct config_strings *strings = field;
        strings->items = xcalloc(count, sizeof *strings->items);
        strings->count = count;
        for (size_t i = 0; i < count; i++) {
            strings->items[i] = xstrdup(json_string_value(json_array_get(value, i)));
        }
    }
    return right;
}

bool config_value_store(const struct config_option *option, json_t *value, void *section_struct,
                        const char *path, struct config_reader *reader)
{
    void *field = config_field(option, section_struct);
    switch (option->type) {
    case CONFIG_INTEGER:
    case CONFIG_BYTES:
    case CONFIG_NUMBER:
        return store_number(option, value, field, path, reader);
    case CONFIG_BOOL:
        if (!json_is_boolean(value)) {
            return config_wrong_type(option, path, reader);
        }
        *(bool *)field = json_is_true(value);
        return true;
    case CONFIG_STRINGS:
    case CONFIG_ORIGINS:
    case CONFIG_NETWORKS:
        return store_strings(option, value, field, path, reader);
    case CONFIG_SPACES:
        if (!json_is_array(value)) {
            return config_wrong_type(option, path, reader);
        }
        return config_spaces_read(section_struct, value, (size_t)option->maximum, path,
                                  reader->errors);
    case CONFIG_TOKENS:
        if (!json_is_array(value)) {
            return config_wrong_type(option, path, reader);
        }
        return config_tokens_read(section_struct, value, (size_t)option->maximum, path,
                                  reader->errors);
    case CONFIG_TILES:
        return config_tiles_read(field, value, (int64_t)option->minimum, (int64_t)option->maximum,
                                 path, reader->errors);
    case CONFIG_POLYGON:
        return config_polygon_read(field, value, path, reader->errors);
    case CONFIG_POLYGONS:
        return config_polygons_read(field, value, (size_t)option->maximum, path, reader->errors);
    default:
        return store_string(option, value, field, path, reader);
    }
}

/* --- a field's end, a field as text --- */

static void free_strings(struct config_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++) {
        free(strings->items[i]);
    }
    free(strings->items);
}

void config_value_free(const struct config_option *option, void *section_struct)
{
    void *field = config_field(option, section_struct);
    switch (option->type) {
    case CONFIG_STRING:
    case CONFIG_PATH:
    case CONFIG_URL:
    case CONFIG_LISTEN:
    case CONFIG_CHOICE:
    case CONFIG_BASE_PATH:
        free(*(char **)field);
        break;
    case CONFIG_STRINGS:
    case CONFIG_ORIGINS:
    case CONFIG_NETWORKS:
        free_strings(field);
        break;
    case CONFIG_SPACES:
        config_spaces_free(section_struct);
        break;
    case CONFIG_TOKENS:
        config_tokens_free(section_struct);
        break;
    case CONFIG_POLYGON:
        config_polygon_free(field);
        break;
    case CONFIG_POLYGONS:
        config_polygons_free(field);
        break;
    default:
        break;
    }
}

static char *join_strings(const struct config_strings *strings)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < strings->count; i++) {
        char *longer = xasprintf("%s%s%s", text, i > 0 ? "," : "", strings->items[i]);
        free(text);
        text = longer;
    }
    return text;
}

char *config_value_to_text(const struct config_option *option, const void *section_struct)
{
    const void *field = (const char *)section_struct + option->offset;
    int place;
    switch (option->type) {
    case CONFIG_INTEGER:
    case CONFIG_BYTES:
        return xasprintf("%lld", (long long)*(const int64_t *)field);
    case CONFIG_NUMBER:
        return xasprintf("%.15g", *(const double *)field);
    case CONFIG_BOOL:
        return xstrdup(*(const bool *)field ? "true" : "false");
    case CONFIG_ENUM:
        memcpy(&place, field, sizeof place);
        return xstrdup(option->names[place]);
    case CONFIG_STRINGS:
    case CONFIG_ORIGINS:
    case CONFIG_NETWORKS:
        return join_strings(field);
    case CONFIG_SPACES:
        return xasprintf("%zu", ((const struct config_camera *)section_struct)->space_count);
    case CONFIG_TOKENS:
        return xasprintf("%zu", ((const struct config_broadcaster *)section_struct)->token_count);
    case CONFIG_TILES:
        return xasprintf("%lld,%lld", (long long)((const struct config_tiles *)field)->columns,
                         (long long)((const struct config_tiles *)field)->rows);
    case CONFIG_POLYGON:
        return xasprintf("%zu", ((const struct config_polygon *)field)->corner_count);
    case CONFIG_POLYGONS:
        return xasprintf("%zu", ((const struct config_polygons *)field)->count);
    default:
        return xstrdup(*(char *const *)field != NULL ? *(char *const *)field : "");
    }
}
