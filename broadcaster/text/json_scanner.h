/* A strict JSON scanner that builds nothing: it checks and says where things are. Source: RFC 8259.
 * A lone surrogate (\ud800) is refused, because no text can hold it. Pure, thread-safe. */
#ifndef BROADCASTER_JSON_SCANNER_H
#define BROADCASTER_JSON_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"

#define JSON_LEVELS_MAX 32 /* arrays and objects inside each other */

struct json_scanner {
    const uint8_t *at, *end;
    const char *error; /* NULL, or what is wrong at `at`, in words; a literal */
};

/* A string as it stands between its quotes. */
struct json_string {
    struct byte_span raw;
    bool escaped; /* has a backslash in it */
};

enum json_member_result { JSON_MEMBER, JSON_MEMBERS_END, JSON_MEMBER_ERROR };

void json_scanner_init(struct json_scanner *scanner, const uint8_t *data, size_t size);

/* Everything below skips white space first and returns false with `error` set
 * when the text is wrong. */

/* One value of any kind, at most `levels` deep. */
bool json_scan_value(struct json_scanner *scanner, unsigned levels);

bool json_scan_string(struct json_scanner *scanner, struct json_string *string);

/* Objects by hand: the opening brace, then members until JSON_MEMBERS_END. After JSON_MEMBER the
 * caller scans the value. `first`: no member has been taken yet. */
bool json_scan_object_begin(struct json_scanner *scanner);
enum json_member_result json_scan_member(struct json_scanner *scanner, bool first,
                                         struct json_string *name);

/* At the value of a member, which it scans; false ends the walk. */
typedef bool json_member_fn(void *arg, const struct json_string *name);

/* A whole text that is one object: `take` gets each member. */
bool json_scan_members(struct json_scanner *scanner, json_member_fn *take, void *arg);

/* Nothing but white space is left. */
bool json_scan_end(struct json_scanner *scanner);

/* The next byte behind white space, or -1 at the end. */
int json_scan_peek(struct json_scanner *scanner);

/* Marks the place as wrong; returns false. */
bool json_scan_fail(struct json_scanner *scanner, const char *error);

/* True when the string, unescaped, is `text`. */
bool json_string_equals(const struct json_string *string, const char *text);

/* Writes the unescaped string (of one that was scanned) to `out`, which must have room for
 * string->raw.size bytes: unescaping never lengthens. Returns its length; no NUL is added. */
size_t json_string_unescape(const struct json_string *string, uint8_t *out);

#endif
