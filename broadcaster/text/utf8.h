/* UTF-8 checked while it arrives, cut anywhere: RFC 3629, so no surrogates, no overlong forms,
 * nothing beyond U+10FFFF. Pure. */
#ifndef BROADCASTER_UTF8_H
#define BROADCASTER_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: the beginning of a text. */
struct utf8 {
    uint8_t missing;   /* bytes that the character begun still needs */
    uint8_t low, high; /* what the next of them may be */
};

/* False at the first byte that cannot be. */
bool utf8_check(struct utf8 *state, const uint8_t *bytes, size_t size);

/* Makes UTF-8 of a text: where it is none, every byte that is not ASCII becomes '?'. */
void utf8_mend(char *text);

/* True when no character is half received. */
static inline bool utf8_complete(const struct utf8 *state)
{
    return state->missing == 0;
}

#endif
