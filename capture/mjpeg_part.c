#include "capture/mjpeg_part.h"

#include <string.h>
#include <strings.h>

#include "common/clock.h"

/* A piece of a line. Nothing here is NUL-terminated. */
struct text {
    const char *at;
    size_t size;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct text text_trim(struct text text)
{
    while (text.size > 0 && is_blank(text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.at[text.size - 1])) {
        text.size--;
    }
    return text;
}

static struct text text_without_dashes(struct text text)
{
    while (text.size > 0 && text.at[0] == '-') {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && text.at[text.size - 1] == '-') {
        text.size--;
    }
    return text;
}

static bool text_equal(struct text text, const char *other, size_t size)
{
    return text.size == size && memcmp(text.at, other, size) == 0;
}

/* The value of the parameter "boundary", quoted or not. */
static struct text find_parameter(const char *content_type)
{
    static const char name[] = "boundary=";
    const char *found = strcasestr(content_type, name);
    if (found == NULL) {
        return (struct text){.at = "", .size = 0};
    }
    const char *value = found + sizeof name - 1;
    bool quoted = *value == '"';
    value += quoted ? 1 : 0;
    return (struct text){.at = value, .size = strcspn(value, quoted ? "\"" : "; \t\"")};
}

void mjpeg_boundary_init(struct mjpeg_boundary *boundary, const char *content_type)
{
    *boundary = (struct mjpeg_boundary){.declared_size = 0};
    if (content_type == NULL) {
        return;
    }
    struct text value = text_without_dashes(text_trim(find_parameter(content_type)));
    if (value.size <= sizeof boundary->declared) {
        memcpy(boundary->declared, value.at, value.size);
        boundary->declared_size = value.size;
    }
}

static bool text_is_printable(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < ' ' || text.at[i] > '~') {
            return false;
        }
    }
    return true;
}

/* A line that may be a boundary although nobody announced it: two dashes and a name. */
static bool looks_like_boundary(struct text line)
{
    return line.size > 2 && line.at[0] == '-' && line.at[1] == '-' && text_is_printable(line) &&
           text_without_dashes(line).size > 0;
}

bool mjpeg_boundary_matches(struct mjpeg_boundary *boundary, const char *line, size_t size)
{
    struct text text = text_trim((struct text){.at = line, .size = size});
    if (text.size == 0 || text.size > sizeof boundary->line) {
        return false;
    }
    if (boundary->line_size > 0) {
        struct text known = {.at = boundary->line, .size = boundary->line_size};
        struct text closing = {.at = text.at + known.size, .size = text.size - known.size};
        if (text.size >= known.size && memcmp(text.at, known.at, known.size) == 0 &&
            (closing.size == 0 || text_equal(closing, "--", 2))) {
            return true;
        }
    }
    bool is_declared =
        boundary->declared_size > 0 &&
        text_equal(text_without_dashes(text), boundary->declared, boundary->declared_size);
    if (!is_declared && (boundary->line_size > 0 || !looks_like_boundary(text))) {
        return false;
    }
    memcpy(boundary->line, text.at, text.size);
    boundary->line_size = text.size;
    return true;
}

/* Takes leading digits into *value; false without any, or when they do not fit. */
static bool text_take_number(struct text *text, uint64_t *value)
{
    size_t digits = 0;
    *value = 0;
    while (text->size > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
        if (__builtin_mul_overflow(*value, UINT64_C(10), value) ||
            __builtin_add_overflow(*value, (uint64_t)(text->at[0] - '0'), value)) {
            return false;
        }
        text->at++;
        text->size--;
        digits++;
    }
    return digits > 0;
}

/* A whole decimal number, or 0. */
static uint64_t text_to_number(struct text text)
{
    uint64_t value;
    return text_take_number(&text, &value) && text.size == 0 ? value : 0;
}

/* "12.345678" seconds in nanoseconds, or 0. Digits beyond the ninth are dropped. */
static uint64_t text_to_ns(struct text text)
{
    uint64_t seconds, ns;
    if (!text_take_number(&text, &seconds) || __builtin_mul_overflow(seconds, NS_PER_SECOND, &ns)) {
        return 0;
    }
    if (text.size == 0) {
        return ns;
    }
    if (text.at[0] != '.') {
        return 0;
    }
    uint64_t digit_ns = NS_PER_SECOND / 10;
    for (size_t i = 1; i < text.size; i++, digit_ns /= 10) {
        if (text.at[i] < '0' || text.at[i] > '9' ||
            __builtin_add_overflow(ns, digit_ns * (uint64_t)(text.at[i] - '0'), &ns)) {
            return 0;
        }
    }
    return ns;
}

static bool name_is(struct text name, const char *wanted)
{
    return name.size == strlen(wanted) && strncasecmp(name.at, wanted, name.size) == 0;
}

void mjpeg_part_take_line(struct mjpeg_part *part, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (colon == NULL) {
        return;
    }
    size_t name_size = (size_t)(colon - line);
    struct text name = text_trim((struct text){.at = line, .size = name_size});
    struct text value = text_trim((struct text){.at = colon + 1, .size = size - name_size - 1});
    if (name_is(name, "Content-Length")) {
        part->content_length = text_to_number(value);
    } else if (name_is(name, "X-Frame-Number")) {
        part->source_number = text_to_number(value);
    } else if (name_is(name, "X-Timestamp")) {
        part->source_time_ns = text_to_ns(value);
    }
}
