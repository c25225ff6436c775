#include "broadcaster/text/utf8.h"

#include <string.h>

#define UTF8_HIGH_BITS UINT64_C(0x8080808080808080)

/* Begins a character of more than one byte: how many follow, and what the first of them may be
 * (RFC 3629, section 4; that is where overlong forms and surrogates show). */
static bool utf8_begin(struct utf8 *state, uint8_t lead)
{
    if (lead < 0xc2 || lead > 0xf4) {
        return false;
    }
    state->missing = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    state->low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    state->high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return true;
}

bool utf8_check(struct utf8 *state, const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (i < size) {
        if (state->missing == 0) {
            uint64_t word;
            while (size - i >= sizeof word) {
                memcpy(&word, bytes + i, sizeof word);
                if ((word & UTF8_HIGH_BITS) != 0) {
                    break;
                }
                i += sizeof word;
            }
            if (i == size) {
                break;
            }
            if (bytes[i] >= 0x80 && !utf8_begin(state, bytes[i])) {
                return false;
            }
        } else {
            if (bytes[i] < state->low || bytes[i] > state->high) {
                return false;
            }
            state->missing--;
            state->low = 0x80;
            state->high = 0xbf;
        }
        i++;
    }
    return true;
}

void utf8_mend(char *text)
{
    struct utf8 state = {0};
    if (utf8_check(&state, (const uint8_t *)text, strlen(text)) && utf8_complete(&state)) {
        return;
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    }
}
