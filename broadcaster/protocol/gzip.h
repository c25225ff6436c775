/* Answers in the gzip coding. Pure. */
#ifndef BROADCASTER_GZIP_H
#define BROADCASTER_GZIP_H

#include <stdbool.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/protocol/http_reader.h"

/* True when Accept-Encoding names gzip, or anything, with a weight above 0 (RFC
 * 9110, section 12.5.3). */
bool gzip_is_accepted(const struct http_request *request);

/* The bytes as small as they get: for what is kept and sent often. One reference, the caller's. */
struct shared_bytes *gzip_compress(const struct shared_bytes *plain);

#endif
