/* Writes JSON into a text that grows, without a tree of it: what is told of a frame is written
 * ten times a second for each camera. The caller keeps objects and arrays in pairs; commas come
 * by themselves. A key is written as it is, so it is a literal of letters; NULL within an
 * array. Not thread-safe. */
#ifndef DETECTOR_JSON_TEXT_H
#define DETECTOR_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is an empty text. */
struct json_text {
    char *bytes;
    size_t size, capacity;
};

void json_text_open(struct json_text *text, const char *key, char bracket); /* '{' or '[' */
void json_text_close(struct json_text *text, char bracket);                 /* '}' or ']' */

/* `value` is UTF-8; what JSON does not take as it is, is escaped. */
void json_text_string(struct json_text *text, const char *key, const char *value);
void json_text_integer(struct json_text *text, const char *key, uint64_t value);
void json_text_bool(struct json_text *text, const char *key, bool value);
void json_text_null(struct json_text *text, const char *key);

/* Rounded to so many decimals, 1 to 9, without those at the end that are 0, but always with one: it
 * stays a real number for those who tell them from integers. Finite, and not so large that it would
 * not fit 63 bits with its decimals. */
void json_text_real(struct json_text *text, const char *key, double value, unsigned decimals);

/* Gives the text away: the caller frees it. A NUL stands behind it, which does not count. */
char *json_text_take(struct json_text *text, size_t *size);

#endif
