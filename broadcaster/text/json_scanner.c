#include "broadcaster/text/json_scanner.h"

#include <string.h>

#include "broadcaster/text/utf8.h"

#define JSON_NAME_MAX 64 /* longer names are none of those that anybody asks for */

void json_scanner_init(struct json_scanner *scanner, const uint8_t *data, size_t size)
{
    *scanner = (struct json_scanner){.at = data, .end = data + size};
}

bool json_scan_fail(struct json_scanner *scanner, const char *error)
{
    scanner->error = error;
    return false;
}

int json_scan_peek(struct json_scanner *scanner)
{
    while (scanner->at < scanner->end) {
        uint8_t byte = *scanner->at;
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') {
            return byte;
        }
        scanner->at++;
    }
    return -1;
}

bool json_scan_end(struct json_scanner *scanner)
{
    return json_scan_peek(scanner) < 0 || json_scan_fail(scanner, "text behind the value");
}

static bool json_is_digit(const struct json_scanner *scanner)
{
    return scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9';
}

/* --- strings --- */

/* At a byte that is not ASCII: a stretch of such bytes is whole characters. */
static bool json_scan_characters(struct json_scanner *scanner)
{
    const uint8_t *start = scanner->at;
    struct utf8 state = {0};
    while (scanner->at < scanner->end && *scanner->at >= 0x80) {
        scanner->at++;
    }
    return (utf8_check(&state, start, (size_t)(scanner->at - start)) && utf8_complete(&state)) ||
           json_scan_fail(scanner, "a string that is not UTF-8");
}

/* The value of four hexadecimal digits; -1: they are not. */
static int32_t json_hex4(const uint8_t *at, const uint8_t *end)
{
    int32_t value = 0;
    if (end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* One \uXXXX, or two that make a pair, behind the "\u". Returns the character and moves *at behind
 * it; -1 for anything else. */
static int32_t json_unicode_escape(const uint8_t **at, const uint8_t *end)
{
    int32_t unit = json_hex4(*at, end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
        return -1;
    }
    *at += 4;
    if (unit < 0xd800 || unit > 0xdbff) {
        return unit;
    }
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') {
        return -1;
    }
    int32_t low = json_hex4(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }
    *at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/* At a backslash. */
static bool json_scan_escape(struct json_scanner *scanner)
{
    const uint8_t *at = scanner->at + 1;
    if (at >= scanner->end) {
        return json_scan_fail(scanner, "a string without an end");
    }
    if (*at == 'u') {
        at++;
        if (json_unicode_escape(&at, scanner->end) < 0) {
            return json_scan_fail(scanner, "a wrong \\u escape");
        }
    } else if (memchr("\"\\/bfnrt", *at, 8) != NULL) {
        at++;
    } else {
        return json_scan_fail(scanner, "an unknown escape");
    }
    scanner->at = at;
    return true;
}

static inline bool json_is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

bool json_scan_string(struct json_scanner *scanner, struct json_string *string)
{
    if (json_scan_peek(scanner) != '"') {
        return json_scan_fail(scanner, "a string is expected");
    }
    scanner->at++;
    string->raw.data = scanner->at;
    string->escaped = false;
    for (;;) {
        while (scanner->at < scanner->end && json_is_plain(*scanner->at)) {
            scanner->at++;
        }
        if (scanner->at >= scanner->end) {
            return json_scan_fail(scanner, "a string without an end");
        }
        if (*scanner->at == '"') {
            string->raw.size = (size_t)(scanner->at - string->raw.data);
            scanner->at++;
            return true;
        }
        if (*scanner->at == '\\') {
            string->escaped = true;
            if (!json_scan_escape(scanner)) {
                return false;
            }
        } else if (*scanner->at < 0x20) {
            return json_scan_fail(scanner, "a control character in a string");
        } else if (!json_scan_characters(scanner)) {
            return false;
        }
    }
}

static size_t json_put_utf8(int32_t character, uint8_t *out)
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (uint8_t)(0xc0 | (character >> 6));
        out[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (uint8_t)(0xe0 | (character >> 12));
        out[1] = (uint8_t)(0x80 | ((character >> 6) & 0x3f));
        out[2] = (uint8_t)(0x80 | (character & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | (character >> 18));
    out[1] = (uint8_t)(0x80 | ((character >> 12) & 0x3f));
    out[2] = (uint8_t)(0x80 | ((character >> 6) & 0x3f));
    out[3] = (uint8_t)(0x80 | (character & 0x3f));
    return 4;
}

size_t json_string_unescape(const struct json_string *string, uint8_t *out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const uint8_t *at = string->raw.data, *end = at + string->raw.size;
    size_t size = 0;
    while (at < end) {
        if (*at != '\\') {
            out[size++] = *at++;
        } else if (at[1] == 'u') {
            at += 2;
            size += json_put_utf8(json_unicode_escape(&at, end), out + size);
        } else {
            const char *letter = memchr(letters, at[1], sizeof letters - 1);
            out[size++] = (uint8_t)meanings[letter - letters];
            at += 2;
        }
    }
    return size;
}

bool json_string_equals(const struct json_string *string, const char *text)
{
    size_t length = strlen(text);
    if (!string->escaped) {
        return string->raw.size == length && memcmp(string->raw.data, text, length) == 0;
    }
    uint8_t plain[6 * JSON_NAME_MAX];
    if (string->raw.size > sizeof plain) {
        return false;
    }
    return json_string_unescape(string, plain) == length && memcmp(plain, text, length) == 0;
}

/* --- other values --- */

static bool json_scan_digits(struct json_scanner *scanner)
{
    if (!json_is_digit(scanner)) {
        return json_scan_fail(scanner, "a wrong number");
    }
    while (json_is_digit(scanner)) {
        scanner->at++;
    }
    return true;
}

static bool json_take(struct json_scanner *scanner, uint8_t byte)
{
    if (scanner->at < scanner->end && *scanner->at == byte) {
        scanner->at++;
        return true;
    }
    return false;
}

static bool json_scan_number(struct json_scanner *scanner)
{
    json_take(scanner, '-');
    if (!json_take(scanner, '0') && !json_scan_digits(scanner)) {
        return false;
    }
    if (json_is_digit(scanner)) {
        return json_scan_fail(scanner, "a number with a leading zero");
    }
    if (json_take(scanner, '.') && !json_scan_digits(scanner)) {
        return false;
    }
    if (json_take(scanner, 'e') || json_take(scanner, 'E')) {
        if (!json_take(scanner, '+')) {
            json_take(scanner, '-');
        }
        return json_scan_digits(scanner);
    }
    return true;
}

static bool json_scan_word(struct json_scanner *scanner, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < length || memcmp(scanner->at, word, length) != 0) {
        return json_scan_fail(scanner, "an unknown word");
    }
    scanner->at += length;
    return true;
}

bool json_scan_object_begin(struct json_scanner *scanner)
{
    if (json_scan_peek(scanner) != '{') {
        return json_scan_fail(scanner, "an object is expected");
    }
    scanner->at++;
    return true;
}

enum json_member_result json_scan_member(struct json_scanner *scanner, bool first,
                                         struct json_string *name)
{
    int next = json_scan_peek(scanner);
    if (next == '}') {
        scanner->at++;
        return JSON_MEMBERS_END;
    }
    if (!first) {
        if (next != ',') {
            json_scan_fail(scanner, "a comma or a closing brace is expected");
            return JSON_MEMBER_ERROR;
        }
        scanner->at++;
    }
    if (!json_scan_string(scanner, name)) {
        return JSON_MEMBER_ERROR;
    }
    if (json_scan_peek(scanner) != ':') {
        json_scan_fail(scanner, "a colon is expected");
        return JSON_MEMBER_ERROR;
    }
    scanner->at++;
    return JSON_MEMBER;
}

static bool json_scan_object(struct json_scanner *scanner, unsigned levels)
{
    struct json_string name;
    if (!json_scan_object_begin(scanner)) {
        return false;
    }
    for (bool first = true;; first = false) {
        switch (json_scan_member(scanner, first, &name)) {
        case JSON_MEMBERS_END:
            return true;
        case JSON_MEMBER_ERROR:
            return false;
        case JSON_MEMBER:
            if (!json_scan_value(scanner, levels)) {
                return false;
            }
        }
    }
}

static bool json_scan_array(struct json_scanner *scanner, unsigned levels)
{
    scanner->at++;
    if (json_scan_peek(scanner) == ']') {
        scanner->at++;
        return true;
    }
    for (;;) {
        if (!json_scan_value(scanner, levels)) {
            return false;
        }
        int next = json_scan_peek(scanner);
        if (next != ',' && next != ']') {
            return json_scan_fail(scanner, "a comma or a closing bracket is expected");
        }
        scanner->at++;
        if (next == ']') {
            return true;
        }
    }
}

bool json_scan_value(struct json_scanner *scanner, unsigned levels)
{
    struct json_string string;
    int next = json_scan_peek(scanner);
    switch (next) {
    case '{':
    case '[':
        if (levels == 0) {
            return json_scan_fail(scanner, "nested too deeply");
        }
        return next == '{' ? json_scan_object(scanner, levels - 1)
                           : json_scan_array(scanner, levels - 1);
    case '"':
        return json_scan_string(scanner, &string);
    case 't':
        return json_scan_word(scanner, "true");
    case 'f':
        return json_scan_word(scanner, "false");
    case 'n':
        return json_scan_word(scanner, "null");
    case -1:
        return json_scan_fail(scanner, "a value is missing");
    default:
        return next == '-' || (next >= '0' && next <= '9')
                   ? json_scan_number(scanner)
                   : json_scan_fail(scanner, "a value is expected");
    }
}

bool json_scan_members(struct json_scanner *scanner, json_member_fn *take, void *arg)
{
    struct json_string name;
    if (!json_scan_object_begin(scanner)) {
        return false;
    }
    for (bool first = true;; first = false) {
        switch (json_scan_member(scanner, first, &name)) {
        case JSON_MEMBERS_END:
            return json_scan_end(scanner);
        case JSON_MEMBER_ERROR:
            return false;
        case JSON_MEMBER:
            if (!take(arg, &name)) {
                return false;
            }
        }
    }
}
