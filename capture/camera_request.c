#include "capture/camera_request.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/report.h"

#define CONNECT_TIMEOUT_S 10L
#define REDIRECTS_MAX     3L
#define HEAD_BYTES_MAX    (64 * 1024)
#define RECEIVE_BYTES     (128L * 1024)
#define KEEPALIVE_S       10L
#define PROTOCOLS         "http,https"

struct camera_request {
    struct curl_loop *curl;
    CURL *easy;
    const struct camera_request_handlers *handlers;
    void *arg;
    bool running;
    bool has_user;
    size_t head_bytes;               /* of all answers of this request */
    char reason[REPORT_REASON_SIZE]; /* "": libcurl's result tells */
};

/* --- what went wrong, in words --- */

static void reason_copy(struct camera_request *request, const char *text)
{
    snprintf(request->reason, sizeof request->reason, "%s", text);
}

void camera_request_set_reason(struct camera_request *request, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request->reason, sizeof request->reason, format, arguments);
    va_end(arguments);
    /* It may quote the camera. */
    for (char *c = request->reason; *c != '\0'; c++) {
        if (!isprint((unsigned char)*c)) {
            *c = '?';
        }
    }
}

static void explain_status(struct camera_request *request, long status)
{
    const char *words = "";
    switch (status) {
    case 401:
        words =
            request->has_user ? ": user or password is wrong" : ": user and password are needed";
        break;
    case 403:
        words = ": the camera forbids it";
        break;
    case 404:
        words = ": there is nothing at this path";
        break;
    case 503:
        words = ": the camera is busy";
        break;
    default:
        break;
    }
    camera_request_set_reason(request, "%ld%s", status, words);
}

/* The socket's errno says it best where libcurl has one. */
static void explain_errno(struct camera_request *request, const char *otherwise)
{
    long number = 0;
    curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &number);
    if (number == 0 || number == EINPROGRESS) {
        reason_copy(request, otherwise);
        return;
    }
    reason_copy(request, strerror((int)number));
    request->reason[0] = (char)tolower((unsigned char)request->reason[0]);
}

static void explain_result(struct camera_request *request, CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        reason_copy(request, "name not found");
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        reason_copy(request, "name of the proxy not found");
        break;
    case CURLE_COULDNT_CONNECT:
        explain_errno(request, "cannot connect");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        reason_copy(request, "no answer in time");
        break;
    case CURLE_GOT_NOTHING:
        reason_copy(request, "connection closed without an answer");
        break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        explain_errno(request, "connection broken");
        break;
    case CURLE_PARTIAL_FILE:
        reason_copy(request, "connection closed in the middle of the answer");
        break;
    case CURLE_TOO_MANY_REDIRECTS:
        reason_copy(request, "redirected too often");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        reason_copy(request, "redirected to something that is neither http nor https");
        break;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        reason_copy(request, "the answer is not HTTP");
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        reason_copy(request, "the TLS certificate is not trusted (tls_verify)");
        break;
    default:
        reason_copy(request, curl_easy_strerror(result));
        break;
    }
}

/* --- libcurl's callbacks --- */

static size_t request_on_header(char *line, size_t one, size_t size, void *arg)
{
    struct camera_request *request = arg;
    (void)one;
    request->head_bytes += size;
    if (request->head_bytes > HEAD_BYTES_MAX) {
        camera_request_set_reason(request, "the head of the answer is longer than %d bytes",
                                  HEAD_BYTES_MAX);
        return 0;
    }
    if (request->handlers->header != NULL) {
        request->handlers->header(request->arg, line, size);
    }
    return size;
}

static size_t request_on_body(char *data, size_t one, size_t size, void *arg)
{
    struct camera_request *request = arg;
    (void)one;
    /* The page that comes with an error is nobody's picture: the status says it all. */
    if (camera_request_status(request) != 200 ||
        !request->handlers->body(request->arg, (const uint8_t *)data, size)) {
        return CURL_WRITEFUNC_ERROR;
    }
    return size;
}

static void request_on_done(void *arg, CURL *easy, CURLcode result)
{
    struct camera_request *request = arg;
    long status = camera_request_status(request);
    (void)easy;
    request->running = false;
    if (request->reason[0] == '\0') {
        if (status != 0 && status != 200 && status != 304 &&
            (result == CURLE_OK || result == CURLE_WRITE_ERROR)) {
            explain_status(request, status);
        } else if (result != CURLE_OK) {
            explain_result(request, result);
        }
    }
    request->handlers->done(request->arg, request->reason[0] != '\0' ? request->reason : NULL);
}

/* --- the face --- */

static void request_set_limits(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A transfer that is given up does not wait for a name server that is silent. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, PROTOCOLS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
}

struct camera_request *camera_request_create(const struct config_camera *camera,
                                             struct curl_loop *curl,
                                             const struct camera_request_handlers *handlers,
                                             void *arg)
{
    struct camera_request *request = xcalloc(1, sizeof *request);
    request->curl = curl;
    request->handlers = handlers;
    request->arg = arg;
    request->easy = curl_easy_init();
    if (request->easy == NULL) {
        die("libcurl cannot make a request");
    }
    CURL *easy = request->easy;
    request_set_limits(easy);
    curl_easy_setopt(easy, CURLOPT_URL, camera->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringcast/" RINGCAST_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST);
    if (camera->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, camera->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, camera->password != NULL ? camera->password : "");
    }
    const char *authority = strstr(camera->url, "://");
    request->has_user =
        camera->user != NULL ||
        (authority != NULL && memchr(authority + 3, '@', strcspn(authority + 3, "/?#")) != NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, camera->tls_verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, camera->tls_verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, request_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, request_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    return request;
}

void camera_request_destroy(struct camera_request *request)
{
    if (request == NULL) {
        return;
    }
    if (request->running) {
        curl_loop_remove(request->curl, request->easy);
    }
    curl_easy_cleanup(request->easy);
    free(request);
}

CURL *camera_request_easy(struct camera_request *request)
{
    return request->easy;
}

void camera_request_start(struct camera_request *request)
{
    request->running = true;
    request->head_bytes = 0;
    request->reason[0] = '\0';
    curl_loop_add(request->curl, request->easy, request_on_done, request);
}

long camera_request_status(const struct camera_request *request)
{
    long status = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const char *camera_request_content_type(const struct camera_request *request)
{
    char *type = NULL;
    curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
    return type != NULL ? type : "";
}

bool camera_request_type_is(const char *content_type, const char *wanted)
{
    size_t size = strlen(wanted);
    if (strncasecmp(content_type, wanted, size) != 0) {
        return false;
    }
    return wanted[size - 1] == '/' || strchr("; \t", content_type[size]) != NULL;
}
