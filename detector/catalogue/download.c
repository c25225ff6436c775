#include "detector/catalogue/download.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"

#define CONNECT_TIMEOUT_S 20L
#define STALL_TIMEOUT_S   30L
#define REDIRECTIONS_MAX  5L

struct transfer {
    uint8_t *data;
    size_t size, used;
    bool too_large;
};

static size_t transfer_take(char *bytes, size_t one, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    (void)one; /* always 1 */
    if (count > transfer->size - transfer->used) {
        transfer->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(transfer->data + transfer->used, bytes, count);
    transfer->used += count;
    return count;
}

static void transfer_prepare(struct transfer *transfer, CURL *easy, const char *address,
                             char curl_error[CURL_ERROR_SIZE])
{
    curl_easy_setopt(easy, CURLOPT_URL, address);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALL_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringcast/" RINGCAST_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl_error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

static void transfer_explain(const struct transfer *transfer, CURLcode result,
                             const char *curl_error, char error[DOWNLOAD_ERROR_SIZE])
{
    if (transfer->too_large) {
        snprintf(error, DOWNLOAD_ERROR_SIZE, "it is larger than the %zu bytes of the catalogue",
                 transfer->size);
    } else if (result == CURLE_OK || result == CURLE_PARTIAL_FILE) {
        snprintf(error, DOWNLOAD_ERROR_SIZE, "it ended after %zu of %zu bytes", transfer->used,
                 transfer->size);
    } else {
        snprintf(error, DOWNLOAD_ERROR_SIZE, "%s",
                 curl_error[0] != '\0' ? curl_error : curl_easy_strerror(result));
    }
}

int download(const char *address, size_t size, uint8_t **data, char error[DOWNLOAD_ERROR_SIZE])
{
    char curl_error[CURL_ERROR_SIZE] = "";
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        die("libcurl cannot make a transfer");
    }
    struct transfer transfer = {.data = xmalloc(size), .size = size};
    transfer_prepare(&transfer, easy, address, curl_error);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    if (result != CURLE_OK || transfer.used != size) {
        transfer_explain(&transfer, result, curl_error, error);
        free(transfer.data);
        return -1;
    }
    *data = transfer.data;
    return 0;
}
