#include "detector/json_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

#define NUMBER_SIZE 32

/* Room for so many bytes more. */
static char *json_text_room(struct json_text *text, size_t size)
{
    if (size > text->capacity - text->size) {
        text->capacity = 2 * text->capacity + size + 1024;
        text->bytes = xreallocarray(text->bytes, text->capacity, 1);
    }
    return text->bytes + text->size;
}

static void json_text_append(struct json_text *text, const char *bytes, size_t size)
{
    memcpy(json_text_room(text, size), bytes, size);
    text->size += size;
}

/* What stands before a value. */
static void json_text_begin(struct json_text *text, const char *key)
{
    char last = text->size > 0 ? text->bytes[text->size - 1] : '[';
    if (last != '[' && last != '{') { /* a string ends with a quote, whatever is in it */
        json_text_append(text, ",", 1);
    }
    if (key != NULL) {
        json_text_append(text, "\"", 1);
        json_text_append(text, key, strlen(key));
        json_text_append(text, "\":", 2);
    }
}

void json_text_open(struct json_text *text, const char *key, char bracket)
{
    json_text_begin(text, key);
    json_text_append(text, &bracket, 1);
}

void json_text_close(struct json_text *text, char bracket)
{
    json_text_append(text, &bracket, 1);
}

void json_text_string(struct json_text *text, const char *key, const char *value)
{
    json_text_begin(text, key);
    json_text_append(text, "\"", 1);
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        char escaped[8];
        if (c < 0x20) {
            json_text_append(text, escaped,
                             (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        } else {
            if (c == '"' || c == '\\') {
                json_text_append(text, "\\", 1);
            }
            json_text_append(text, value, 1);
        }
    }
    json_text_append(text, "\"", 1);
}

/* Writes digits so that they end before `end`, at least `digits` of them; where they begin. */
static char *json_text_digits(char *end, uint64_t value, unsigned digits)
{
    char *at = end;
    while (value > 0 || end - at < (ptrdiff_t)digits) {
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}

void json_text_integer(struct json_text *text, const char *key, uint64_t value)
{
    char number[NUMBER_SIZE];
    char *end = number + sizeof number, *first = json_text_digits(end, value, 1);
    json_text_begin(text, key);
    json_text_append(text, first, (size_t)(end - first));
}

void json_text_bool(struct json_text *text, const char *key, bool value)
{
    const char *word = value ? "true" : "false";
    json_text_begin(text, key);
    json_text_append(text, word, strlen(word));
}

void json_text_null(struct json_text *text, const char *key)
{
    json_text_begin(text, key);
    json_text_append(text, "null", 4);
}

void json_text_real(struct json_text *text, const char *key, double value, unsigned decimals)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    uint64_t whole = (uint64_t)llround(fabs(value) * (double)powers[decimals]);
    uint64_t fraction = whole % powers[decimals];
    for (; decimals > 1 && fraction % 10 == 0; decimals--) {
        fraction /= 10;
        whole /= 10;
    }
    char number[NUMBER_SIZE];
    char *end = number + sizeof number, *first = json_text_digits(end, fraction, decimals);
    *--first = '.';
    first = json_text_digits(first, whole / powers[decimals], 1);
    if (value < 0 && whole > 0) {
        *--first = '-';
    }
    json_text_begin(text, key);
    json_text_append(text, first, (size_t)(end - first));
}

char *json_text_take(struct json_text *text, size_t *size)
{
    *json_text_room(text, 1) = '\0';
    char *bytes = text->bytes;
    *size = text->size;
    *text = (struct json_text){0};
    return bytes;
}
