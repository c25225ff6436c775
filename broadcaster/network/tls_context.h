/* What tls.c and tls_stream.c share, and nobody else. */
#ifndef BROADCASTER_TLS_CONTEXT_H
#define BROADCASTER_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "broadcaster/network/tls.h"

SSL_CTX *tls_context(const struct tls *tls); /* NULL: off */

#endif
