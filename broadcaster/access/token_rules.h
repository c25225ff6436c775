/* What a token allows: lasting ones, of which the configuration knows the SHA-256, and short-lived
 * ones that were made with them. No clock and no I/O: the time is the caller's. One thread. */
#ifndef BROADCASTER_TOKEN_RULES_H
#define BROADCASTER_TOKEN_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/access/signed_token.h"
#include "broadcaster/protocol/http_reader.h"
#include "broadcaster/protocol/identity.h"
#include "common/config.h"

struct token_rules {
    const struct config_broadcaster *config; /* the owner sets it, again after every reload */
    uint8_t key[SIGNED_TOKEN_KEY_SIZE];      /* of this start */
};

/* With a key that nobody knows. */
void token_rules_init(struct token_rules *rules);
void token_rules_finish(struct token_rules *rules);

/* Fills in what the token of the request allows. NULL, or what is wrong with it (a literal); ""
 * when there is none. */
const char *token_rules_recognise(const struct token_rules *rules,
                                  const struct http_request *request, uint64_t now_ns,
                                  struct identity *identity);

/* True while the configuration allows all that the identity has by its token. */
bool token_rules_still_allow(const struct token_rules *rules, const struct identity *identity);

/* A token for addresses that stands for the identity until then. The caller frees it; NULL: it
 * has too many cameras. */
char *token_rules_sign(const struct token_rules *rules, const struct identity *identity,
                       uint64_t expires_ns);

#endif
