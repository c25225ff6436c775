/* What the fuzzers share: checks that end the process, and transcripts, by which two ways of
 * reading the same bytes are compared. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* libFuzzer calls it with one input after the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold whatever the input. Not assert(): it must not vanish with NDEBUG. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* --- cutting --- */

/* How the same bytes are cut into pieces. */
enum fuzz_cut {
    FUZZ_WHOLE,  /* one piece */
    FUZZ_BYTES,  /* a byte at a time */
    FUZZ_RANDOM, /* pieces whose lengths follow from the bytes, so that a finding can be repeated */
    FUZZ_CUTS
};

struct fuzz_cutter {
    enum fuzz_cut cut;
    const uint8_t *data;
    size_t left;
    uint64_t random;
};

static inline void fuzz_cutter_init(struct fuzz_cutter *cutter, enum fuzz_cut cut,
                                    const uint8_t *data, size_t size)
{
    *cutter = (struct fuzz_cutter){.cut = cut, .data = data, .left = size};
    cutter->random = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < size; i++) {
        cutter->random = (cutter->random ^ data[i]) * UINT64_C(0x100000001b3);
    }
    cutter->random |= 1;
}

static inline uint64_t fuzz_cutter_random(struct fuzz_cutter *cutter)
{
    cutter->random ^= cutter->random << 13; /* Marsaglia's xorshift64 */
    cutter->random ^= cutter->random >> 7;
    cutter->random ^= cutter->random << 17;
    return cutter->random;
}

/* The next piece, in memory of its own that the caller frees, so that reading past its end shows.
 * NULL: all bytes have been given. */
static inline uint8_t *fuzz_cutter_next(struct fuzz_cutter *cutter, size_t *size)
{
    if (cutter->left == 0) {
        return NULL;
    }
    *size = cutter->left;
    if (cutter->cut == FUZZ_BYTES) {
        *size = 1;
    } else if (cutter->cut == FUZZ_RANDOM) {
        /* Short pieces and long ones alike. */
        uint64_t most = UINT64_C(1) << (fuzz_cutter_random(cutter) % 10);
        uint64_t length = 1 + fuzz_cutter_random(cutter) % most;
        *size = length < cutter->left ? (size_t)length : cutter->left;
    }
    uint8_t *piece = xmalloc(*size);
    memcpy(piece, cutter->data, *size);
    cutter->data += *size;
    cutter->left -= *size;
    return piece;
}

/* --- transcripts --- */

struct fuzz_transcript {
    uint8_t *bytes;
    size_t size, room;
};

static inline void fuzz_note(struct fuzz_transcript *transcript, const void *data, size_t size)
{
    if (transcript->room - transcript->size < size) {
        transcript->room = 2 * (transcript->size + size);
        transcript->bytes = xreallocarray(transcript->bytes, transcript->room, 1);
    }
    if (size > 0) {
        memcpy(transcript->bytes + transcript->size, data, size);
        transcript->size += size;
    }
}

static inline void fuzz_note_number(struct fuzz_transcript *transcript, uint64_t number)
{
    fuzz_note(transcript, &number, sizeof number);
}

/* With its length, so that two texts side by side are not mistaken for others. */
static inline void fuzz_note_text(struct fuzz_transcript *transcript, const void *text, size_t size)
{
    fuzz_note_number(transcript, size);
    fuzz_note(transcript, text, size);
}

static inline void fuzz_transcript_finish(struct fuzz_transcript *transcript)
{
    free(transcript->bytes);
    *transcript = (struct fuzz_transcript){0};
}

/* Reads the input in every way of cutting; each must leave the same transcript. */
static inline void fuzz_compare_cuts(void (*read)(struct fuzz_cutter *, struct fuzz_transcript *),
                                     const uint8_t *data, size_t size)
{
    struct fuzz_transcript transcripts[FUZZ_CUTS] = {{0}};
    for (enum fuzz_cut cut = FUZZ_WHOLE; cut < FUZZ_CUTS; cut++) {
        struct fuzz_cutter cutter;
        fuzz_cutter_init(&cutter, cut, data, size);
        read(&cutter, &transcripts[cut]);
        FUZZ_CHECK(transcripts[cut].size == transcripts[FUZZ_WHOLE].size);
        FUZZ_CHECK(transcripts[cut].size == 0 ||
                   memcmp(transcripts[cut].bytes, transcripts[FUZZ_WHOLE].bytes,
                          transcripts[cut].size) == 0);
    }
    for (enum fuzz_cut cut = FUZZ_WHOLE; cut < FUZZ_CUTS; cut++) {
        fuzz_transcript_finish(&transcripts[cut]);
    }
}

#endif
