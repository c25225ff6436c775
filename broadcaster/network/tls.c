#include "broadcaster/network/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "broadcaster/network/tls_context.h"
#include "common/memory.h"

/* Forward secrecy and authenticated encryption; what TLS 1.3 has is so anyway. */
#define TLS_1_2_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls {
    SSL_CTX *context; /* NULL: off */
};

struct tls *tls_create(void)
{
    return xcalloc(1, sizeof(struct tls));
}

void tls_destroy(struct tls *tls)
{
    if (tls != NULL) {
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

bool tls_is_on(const struct tls *tls)
{
    return tls->context != NULL;
}

SSL_CTX *tls_context(const struct tls *tls)
{
    return tls->context;
}

/* RFC 7301: who offers protocols and not ours is refused by name, not left to find out. */
static int tls_choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                               const unsigned char *offered, unsigned offered_size, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)out, out_size, ours, sizeof ours - 1, offered,
                                 offered_size) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Nobody is here to type a password. */
static int tls_no_password(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return 0;
}

static void tls_configure(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, TLS_1_2_CIPHERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_alpn_select_cb(context, tls_choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, tls_no_password);
}

static bool tls_mistake(char mistake[TLS_MISTAKE_SIZE], const char *what, const char *path)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    snprintf(mistake, TLS_MISTAKE_SIZE, "%s %s: %s", what, path,
             reason != NULL ? reason : "not readable");
    ERR_clear_error();
    return false;
}

static bool tls_read_files(SSL_CTX *context, const char *certificate, const char *key,
                           char mistake[TLS_MISTAKE_SIZE])
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
        return tls_mistake(mistake, "the certificate", certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        return tls_mistake(mistake, "the key", key);
    }
    return SSL_CTX_check_private_key(context) == 1 || tls_mistake(mistake, "the key", key);
}

bool tls_load(struct tls *tls, const char *certificate, const char *key,
              char mistake[TLS_MISTAKE_SIZE])
{
    SSL_CTX *context = NULL;
    if (certificate != NULL) {
        context = SSL_CTX_new(TLS_server_method());
        if (context == NULL) {
            return tls_mistake(mistake, "OpenSSL", "has no TLS");
        }
        tls_configure(context);
        if (!tls_read_files(context, certificate, key != NULL ? key : certificate, mistake)) {
            SSL_CTX_free(context);
            return false;
        }
    }
    SSL_CTX_free(tls->context);
    tls->context = context;
    return true;
}
