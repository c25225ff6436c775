#include "broadcaster/history/history_time.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define DIGITS_MOST   12 /* of seconds since 1970: the year 9999 has as many */

/* ".25" are 250 ms; digits behind the third say nothing to us. Returns what follows. */
static const char *time_fraction(const char *text, int64_t *ms)
{
    int64_t weight = 100;
    *ms = 0;
    if (text[0] != '.' || !isdigit((unsigned char)text[1])) {
        return text;
    }
    for (text++; isdigit((unsigned char)*text); text++) {
        *ms += (*text - '0') * weight;
        weight /= 10;
    }
    return text;
}

static bool time_in_range(int64_t ms)
{
    return ms >= 0 && ms <= HISTORY_TIME_MOST;
}

static bool time_parse_seconds(const char *text, int64_t *ms)
{
    int64_t seconds = 0, fraction;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > DIGITS_MOST) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        seconds = seconds * 10 + (text[i] - '0');
    }
    const char *rest = time_fraction(text + digits, &fraction);
    *ms = seconds * MS_PER_SECOND + fraction;
    return *rest == '\0' && time_in_range(*ms);
}

/* "Z", "+01:00" or "+0100"; " 01:00" too, because a plus that is not escaped in an
 * address is a space. */
static bool time_parse_zone(const char *text, int64_t *seconds)
{
    struct tm parts = {0};
    char plus[8];
    *seconds = 0;
    if (*text == ' ' && strlen(text) < sizeof plus) {
        snprintf(plus, sizeof plus, "+%s", text + 1);
        text = plus;
    }
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        return true;
    }
    if ((*text != '+' && *text != '-') || !isdigit((unsigned char)text[1])) {
        return false;
    }
    const char *rest = strptime(text, "%z", &parts);
    *seconds = parts.tm_gmtoff;
    return rest != NULL && *rest == '\0';
}

bool history_time_parse(const char *text, int64_t *ms)
{
    struct tm parts = {0};
    int64_t fraction = 0, zone = 0;
    if (strlen(text) < 5 || text[4] != '-') {
        return time_parse_seconds(text, ms);
    }
    const char *rest = strptime(text, "%Y-%m-%d", &parts);
    if (rest != NULL && *rest == 'T') {
        rest = strptime(rest + 1, "%H:%M:%S", &parts);
        rest = rest != NULL ? time_fraction(rest, &fraction) : NULL;
        if (rest == NULL || !time_parse_zone(rest, &zone)) {
            return false;
        }
    } else if (rest == NULL || *rest != '\0') {
        return false;
    }
    *ms = ((int64_t)timegm(&parts) - zone) * MS_PER_SECOND + fraction;
    return time_in_range(*ms);
}
