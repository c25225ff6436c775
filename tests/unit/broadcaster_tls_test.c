/* TLS on real sockets, with OpenSSL's client at the other end. */
#include "broadcaster/network/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broadcaster/network/connection.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

#define NOT_ENDED CONNECTION_ENDS

/* --- a certificate --- */

static char folder[] = "/tmp/rc-tls-XXXXXX";
static char *certificate_path, *key_path, *other_key_path, *both_path, *broken_path;

static EVP_PKEY *make_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "w");
    assert_non_null(key);
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    return key;
}

static void make_certificate(EVP_PKEY *key, const char *path, const char *mode)
{
    X509 *certificate = X509_new();
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
}

static int make_files(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    certificate_path = xasprintf("%s/certificate.pem", folder);
    key_path = xasprintf("%s/key.pem", folder);
    other_key_path = xasprintf("%s/other.pem", folder);
    both_path = xasprintf("%s/both.pem", folder);
    broken_path = xasprintf("%s/broken.pem", folder);
    EVP_PKEY_free(make_key(other_key_path));
    EVP_PKEY *key = make_key(key_path);
    make_certificate(key, certificate_path, "w");
    EVP_PKEY_free(key);
    key = make_key(both_path);
    make_certificate(key, both_path, "a");
    EVP_PKEY_free(key);
    return fd_write_file(broken_path, "-----BEGIN", 10);
}

static int remove_files(void **state)
{
    char *paths[] = {certificate_path, key_path, other_key_path, both_path, broken_path};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    return rmdir(folder);
}

static struct tls *loaded(void)
{
    char mistake[TLS_MISTAKE_SIZE];
    struct tls *tls = tls_create();
    if (!tls_load(tls, certificate_path, key_path, mistake)) {
        fail_msg("%s", mistake);
    }
    return tls;
}

static void test_certificates(void **state)
{
    char mistake[TLS_MISTAKE_SIZE];
    struct tls *tls = tls_create();
    (void)state;
    assert_false(tls_is_on(tls));
    assert_true(tls_load(tls, NULL, NULL, mistake));
    assert_false(tls_is_on(tls));
    assert_false(tls_load(tls, "/nowhere.pem", NULL, mistake));
    assert_non_null(strstr(mistake, "/nowhere.pem"));
    assert_false(tls_is_on(tls));
    assert_true(tls_load(tls, both_path, NULL, mistake));
    assert_true(tls_is_on(tls));
    /* Each of these leaves the one before. */
    assert_false(tls_load(tls, broken_path, key_path, mistake));
    assert_false(tls_load(tls, certificate_path, NULL, mistake)); /* no key in it */
    assert_false(tls_load(tls, certificate_path, broken_path, mistake));
    assert_false(tls_load(tls, certificate_path, other_key_path, mistake));
    assert_non_null(strstr(mistake, other_key_path));
    assert_true(tls_is_on(tls));
    assert_true(tls_load(tls, certificate_path, key_path, mistake));
    assert_true(tls_load(tls, NULL, NULL, mistake));
    assert_false(tls_is_on(tls));
    tls_destroy(tls);
    tls_destroy(NULL);
}

/* --- a connection --- */

struct fixture {
    struct tls *tls;
    struct event_base *base;
    struct connection *connection;
    enum connection_end end;
    char got[256];
    size_t got_size;
    int drained;
    SSL_CTX *context;
    SSL *client;
    int peer;
};

static size_t on_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct fixture *fixture = arg;
    assert_true(fixture->got_size + size < sizeof fixture->got);
    memcpy(fixture->got + fixture->got_size, bytes, size);
    fixture->got_size += size;
    fixture->got[fixture->got_size] = '\0';
    return size;
}

static void on_drained(void *arg)
{
    ((struct fixture *)arg)->drained++;
}

static void on_ended(void *arg, enum connection_end end)
{
    struct fixture *fixture = arg;
    fixture->end = end;
    fixture->connection = NULL;
}

static const struct connection_handlers handlers = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void fixture_open(struct fixture *fixture)
{
    int pair[2];
    memset(fixture, 0, sizeof *fixture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    fixture->tls = loaded();
    fixture->end = NOT_ENDED;
    fixture->base = event_base_new();
    fixture->connection = connection_create(
        fixture->base, transport_create_tls(pair[0], fixture->tls), 64, &handlers, fixture);
    fixture->peer = pair[1];
    fixture->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_options(fixture->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    fixture->client = SSL_new(fixture->context);
    SSL_set_fd(fixture->client, fixture->peer);
    SSL_set_connect_state(fixture->client);
}

static void fixture_close(struct fixture *fixture)
{
    if (fixture->connection != NULL) {
        connection_destroy(fixture->connection, CONNECTION_SHUTDOWN);
    }
    SSL_free(fixture->client);
    SSL_CTX_free(fixture->context);
    fd_close(&fixture->peer);
    event_base_free(fixture->base);
    tls_destroy(fixture->tls);
    ERR_clear_error();
}

/* What the client's call says: true when it is through, else the server gets a turn. */
static bool client_through(struct fixture *fixture, int result)
{
    if (result > 0) {
        return true;
    }
    int error = SSL_get_error(fixture->client, result);
    assert_true(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE);
    return false;
}

static void client_connect(struct fixture *fixture)
{
    LOOP_WAIT(fixture->base, client_through(fixture, SSL_do_handshake(fixture->client)));
}

static void client_send(struct fixture *fixture, const char *text)
{
    LOOP_WAIT(fixture->base,
              client_through(fixture, SSL_write(fixture->client, text, (int)strlen(text))));
}

static void test_there_and_back(void **state)
{
    struct fixture fixture;
    char answer[16];
    (void)state;
    fixture_open(&fixture);
    assert_true(connection_is_secure(fixture.connection));
    client_connect(&fixture);
    client_send(&fixture, "hello");
    LOOP_WAIT(fixture.base, fixture.got_size == 5);
    assert_string_equal(fixture.got, "hello");
    connection_send(fixture.connection, "world", 5, NULL, 0, 0);
    assert_int_equal(connection_pending(fixture.connection), 0);
    LOOP_WAIT(fixture.base,
              client_through(&fixture, SSL_read(fixture.client, answer, sizeof answer)));
    assert_memory_equal(answer, "world", 5);
    assert_int_equal(SSL_version(fixture.client), TLS1_3_VERSION);
    fixture_close(&fixture);
}

/* More than the input limit in one record: what OpenSSL holds is no event of the socket. */
static void test_a_record_beyond_the_input_limit(void **state)
{
    struct fixture fixture;
    char text[201];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[200] = '\0';
    fixture_open(&fixture);
    client_connect(&fixture);
    client_send(&fixture, text);
    LOOP_WAIT(fixture.base, fixture.got_size == 200);
    fixture_close(&fixture);
}

static struct shared_bytes *pattern(size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    for (size_t i = 0; i < size; i++) {
        bytes->data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    return bytes;
}

/* Heads and bodies of every size, to a peer that reads in small pieces: every byte comes, once. */
static void test_slow_reader(void **state)
{
    static const size_t sizes[] = {1, 100, 16383, 16384, 16385, 40000, 300000};
    static const char head[] = "a head of its own";
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    int small = 4096;
    setsockopt(fixture.peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_connect(&fixture);
    client_send(&fixture, "go");
    LOOP_WAIT(fixture.base, fixture.got_size == 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct shared_bytes *body = pattern(sizes[i]);
        size_t head_size = sizeof head - 1, total = 2 * head_size + 2 * sizes[i], got = 0;
        uint8_t *all = xmalloc(total);
        /* The second is queued behind the first, which may be half a record. */
        connection_send(fixture.connection, head, head_size, body, 0, sizes[i]);
        connection_send(fixture.connection, head, head_size, NULL, 0, 0);
        connection_send(fixture.connection, NULL, 0, body, 0, sizes[i]);
        while (got < total) {
            int piece = 0;
            LOOP_WAIT(fixture.base,
                      client_through(&fixture, piece = SSL_read(fixture.client, all + got, 777)));
            got += (size_t)piece;
        }
        for (int copy = 0; copy < 2; copy++) {
            uint8_t *part = all + (size_t)copy * (head_size + sizes[i]);
            assert_memory_equal(part, head, head_size);
            assert_memory_equal(part + head_size, body->data, sizes[i]);
        }
        LOOP_WAIT(fixture.base, connection_pending(fixture.connection) == 0);
        free(all);
        shared_bytes_unref(body);
    }
    assert_true(fixture.drained > 0);
    assert_int_equal(fixture.end, NOT_ENDED);
    fixture_close(&fixture);
}

static void test_ends(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    client_connect(&fixture);
    SSL_shutdown(fixture.client); /* close_notify */
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
    fixture_close(&fixture);

    fixture_open(&fixture);
    client_connect(&fixture);
    shutdown(fixture.peer, SHUT_WR); /* nothing said */
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
    fixture_close(&fixture);

    fixture_open(&fixture);
    shutdown(fixture.peer, SHUT_WR); /* before the handshake */
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
    fixture_close(&fixture);
}

static void test_we_say_goodbye(void **state)
{
    struct fixture fixture;
    char answer[64];
    (void)state;
    fixture_open(&fixture);
    client_connect(&fixture);
    client_send(&fixture, "go");
    LOOP_WAIT(fixture.base, fixture.got_size == 2);
    connection_send(fixture.connection, "bye", 3, NULL, 0, 0);
    connection_finish(fixture.connection, CONNECTION_FINISHED);
    LOOP_WAIT(fixture.base,
              client_through(&fixture, SSL_read(fixture.client, answer, sizeof answer)));
    int result = 0;
    LOOP_WAIT(fixture.base, (result = SSL_read(fixture.client, answer, sizeof answer)) == 0 ||
                                SSL_get_error(fixture.client, result) != SSL_ERROR_WANT_READ);
    assert_int_equal(SSL_get_error(fixture.client, result), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(SSL_get_shutdown(fixture.client) & SSL_RECEIVED_SHUTDOWN,
                     SSL_RECEIVED_SHUTDOWN);
    SSL_shutdown(fixture.client);
    shutdown(fixture.peer, SHUT_WR);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_FINISHED);
    fixture_close(&fixture);
}

static void test_strangers(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool is_http;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, true},
        {"\x16\x03\x01\x00\x04\xff\x00\x00\x00", 9, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        char answer[512];
        fixture_open(&fixture);
        assert_true(send(fixture.peer, cases[i].bytes, cases[i].size, 0) > 0);
        LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
        assert_int_equal(fixture.end, CONNECTION_PEER_RESET);
        assert_int_equal(fixture.got_size, 0);
        ssize_t size = recv(fixture.peer, answer, sizeof answer - 1, 0);
        answer[size > 0 ? size : 0] = '\0';
        assert_int_equal(strstr(answer, "https only") != NULL, cases[i].is_http);
        fixture_close(&fixture);
    }
}

static void test_protocols(void **state)
{
    static const struct {
        const char *offered;
        unsigned size;
        bool refused;
    } cases[] = {
        {"\x08http/1.1", 9, false}, {"\x02h2\x08http/1.1", 12, false}, {"\x02h2", 3, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        const unsigned char *chosen;
        unsigned size;
        fixture_open(&fixture);
        SSL_set_alpn_protos(fixture.client, (const unsigned char *)cases[i].offered, cases[i].size);
        if (cases[i].refused) {
            SSL_do_handshake(fixture.client);
            LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
        } else {
            client_connect(&fixture);
            SSL_get0_alpn_selected(fixture.client, &chosen, &size);
            assert_int_equal(size, 8);
            assert_memory_equal(chosen, "http/1.1", 8);
        }
        fixture_close(&fixture);
    }
}

static void test_old_versions(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    SSL_set_max_proto_version(fixture.client, TLS1_2_VERSION);
    client_connect(&fixture);
    assert_int_equal(SSL_version(fixture.client), TLS1_2_VERSION);
    fixture_close(&fixture);

    fixture_open(&fixture);
    SSL_set_security_level(fixture.client, 0);
    SSL_set_min_proto_version(fixture.client, TLS1_1_VERSION);
    SSL_set_max_proto_version(fixture.client, TLS1_1_VERSION);
    SSL_do_handshake(fixture.client);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    fixture_close(&fixture);
}

/* A connection keeps the certificate that it began with. */
static void test_reload_under_a_connection(void **state)
{
    struct fixture fixture;
    char mistake[TLS_MISTAKE_SIZE];
    (void)state;
    fixture_open(&fixture);
    assert_true(tls_load(fixture.tls, both_path, NULL, mistake));
    client_connect(&fixture);
    client_send(&fixture, "one");
    assert_true(tls_load(fixture.tls, NULL, NULL, mistake));
    client_send(&fixture, "two");
    LOOP_WAIT(fixture.base, fixture.got_size == 6);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_a_record_beyond_the_input_limit),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_we_say_goodbye),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_protocols),
        cmocka_unit_test(test_old_versions),
        cmocka_unit_test(test_reload_under_a_connection),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
