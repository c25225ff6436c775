/* Short-lived tokens that may stand in an address: claims as JSON, signed with HMAC-SHA-256 (RFC
 * 2104) under a secret of this process. Nothing is kept of them, and no byte of one is looked at
 * before its signature has been found right. Pure: the time is the caller's. */
#ifndef BROADCASTER_SIGNED_TOKEN_H
#define BROADCASTER_SIGNED_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNED_TOKEN_PREFIX    "rcs1."
#define SIGNED_TOKEN_KEY_SIZE  32
#define SIGNED_TOKEN_SIGNATURE 32   /* bytes */
#define SIGNED_TOKEN_SIZE      3072 /* the longest, with its NUL: it has to fit a request line */

/* HMAC-SHA-256 of the bytes. */
void signed_token_sign(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], const void *bytes, size_t size,
                       uint8_t signature[SIGNED_TOKEN_SIGNATURE]);

/* True when the text calls itself one. */
bool signed_token_is(const char *text);

/* The token that says `claims` (an object, whose "expires" is set here) until `expires_ns`, in the
 * time of the one who will open it. The caller frees it; NULL: the claims are too long. */
char *signed_token_make(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], json_t *claims,
                        uint64_t expires_ns);

/* 0 and a new reference to the claims; -EINVAL: not one of ours; -ETIME: one of
 * ours that has ended. */
int signed_token_open(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], const char *text, uint64_t now_ns,
                      json_t **claims);

#endif
