#include "broadcaster/protocol/static_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "broadcaster/protocol/gzip.h"
#include "broadcaster/protocol/gzip_cache.h"
#include "broadcaster/protocol/missing_page.h"
#include "broadcaster/protocol/page_address.h"
#include "broadcaster/protocol/static_folder.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define STATIC_MISSING "/missing.html"

/* Compressing holds up the loop, 10 ms for a file of this size: once for each version of it. Below
 * the least there is nothing to gain. */
#define STATIC_GZIP_LEAST  256
#define STATIC_GZIP_MOST   ((off_t)256 << 10)
#define STATIC_GZIP_MEMORY ((size_t)4 << 20)

/* Pages load their own scripts, styles and pictures (frames are blobs) and talk to this server
 * only. 'self' stands for its WebSockets too, in browsers from 2022 on. */
#define STATIC_CONTENT_POLICY                                                                      \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "        \
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; "             \
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

/* Of what is no document: a worker's script loads others, nothing else of it loads anything. A page
 * has dozens of such files, and on a slow link each byte of their heads is waited for. */
#define STATIC_PART_POLICY "default-src 'none'; script-src 'self'"

#define STATIC_SECURITY                                                                            \
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"                          \
    "Content-Security-Policy: "

struct static_files {
    char *folder;   /* NULL: there are no pages */
    char *security; /* whole header lines for every document */
    struct gzip_cache *packed;
};

/* Of files that are not packed by themselves the text is. A document can be shown by itself, and
 * then has rules of its own. */
struct static_type {
    const char *suffix, *type;
    bool text, document;
};

static const struct static_type static_types[] = {
    {".html", "text/html; charset=utf-8", true, true},
    {".js", "text/javascript; charset=utf-8", true, false},
    {".mjs", "text/javascript; charset=utf-8", true, false},
    {".css", "text/css; charset=utf-8", true, false},
    {".json", "application/json", true, false},
    {".map", "application/json", true, false},
    {".webmanifest", "application/manifest+json", true, false},
    {".svg", "image/svg+xml", true, true},
    {".png", "image/png", false, false},
    {".jpg", "image/jpeg", false, false},
    {".ico", "image/x-icon", false, false},
    {".woff2", "font/woff2", false, false},
    {".txt", "text/plain; charset=utf-8", true, false},
};

static const struct static_type static_unknown = {"", "application/octet-stream", false, false};

static const struct static_type *static_type(const char *path)
{
    const char *suffix = strrchr(path, '.');
    for (size_t i = 0; suffix != NULL && i < sizeof static_types / sizeof static_types[0]; i++) {
        if (strcasecmp(suffix, static_types[i].suffix) == 0) {
            return &static_types[i];
        }
    }
    return &static_unknown;
}

static char *static_security(const struct config_strings *frame_origins)
{
    char *origins = xstrdup("");
    for (size_t i = 0; i < frame_origins->count; i++) {
        char *longer = xasprintf("%s %s", origins, frame_origins->items[i]);
        free(origins);
        origins = longer;
    }
    char *security = xasprintf(STATIC_SECURITY STATIC_CONTENT_POLICY "%s\r\n", origins);
    free(origins);
    return security;
}

struct static_files *static_files_create(const char *web_dir,
                                         const struct config_strings *frame_origins)
{
    struct static_files *files = xcalloc(1, sizeof *files);
    files->security = static_security(frame_origins);
    files->packed = gzip_cache_create(STATIC_GZIP_MEMORY);
    files->folder = web_dir != NULL ? xstrdup(web_dir) : static_folder_find();
    if (files->folder == NULL) {
        log_warn("no web pages beside the program: set broadcaster.web_dir to show them");
    }
    return files;
}

void static_files_destroy(struct static_files *files)
{
    if (files != NULL) {
        gzip_cache_destroy(files->packed);
        free(files->security);
        free(files->folder);
        free(files);
    }
}

/* --- one file --- */

/* The file behind a path: a page's address, "/", or the file's own. */
static const char *static_file_of(const char *path, bool *slash)
{
    const char *page = strcmp(path, "/") == 0 ? "/index.html" : page_address_file(path, slash);
    return page != NULL ? page : path;
}

bool static_files_have(const struct static_files *files, const char *path)
{
    struct stat status;
    bool slash;
    if (strcmp(path, STATIC_MISSING) == 0) {
        return false;
    }
    int fd = static_folder_open(files->folder, static_file_of(path, &slash), &status);
    bool have = fd >= 0 || static_folder_is_short(fd);
    fd_close(&fd);
    return have;
}

/* True when If-None-Match names the file as it is. */
static bool static_is_known(const struct http_request *request, const char *tag)
{
    const struct http_text *known = http_request_field(request, "If-None-Match");
    return known != NULL && ((known->size == 1 && known->data[0] == '*') ||
                             memmem(known->data, known->size, tag, strlen(tag)) != NULL);
}

/* To the same address without the slash behind it. Relative, so that it is right below a base path
 * and behind any proxy. */
static void static_redirect(struct http_session *session, const struct http_request *request)
{
    char fields[1024];
    const char *end = request->path + strlen(request->path) - 1;
    const char *last = memrchr(request->path, '/', (size_t)(end - request->path));
    const struct http_text query =
        request->query.size < 800 ? request->query : (struct http_text){0};
    snprintf(fields, sizeof fields, "Location: ..%.*s%s%.*s\r\n", (int)(end - last), last,
             query.size > 0 ? "?" : "", (int)query.size, query.data);
    http_respond_text(session, 308, NULL, fields, "", 0);
}

/* The file's bytes, in gzip form when `tag` is that form's; NULL when it changed while it was read.
 * One reference, the caller's. */
static struct shared_bytes *static_bytes(struct static_files *files, int fd, size_t size,
                                         const char *tag, bool packed)
{
    struct shared_bytes *kept = packed ? gzip_cache_find(files->packed, tag) : NULL;
    if (kept != NULL) {
        return shared_bytes_ref(kept);
    }
    struct shared_bytes *plain = static_folder_read(fd, size);
    if (plain == NULL || !packed) {
        return plain;
    }
    struct shared_bytes *bytes = gzip_compress(plain);
    shared_bytes_unref(plain);
    gzip_cache_add(files->packed, tag, bytes);
    return bytes;
}

/* What the browser is to allow the file, as whole header lines; the caller's to free(). The camera
 * is asked for by the page that streams it, and by no other, not even one that frames it. */
static char *static_rules(const struct static_files *files, const char *file)
{
    if (!static_type(file)->document) {
        return xstrdup(STATIC_SECURITY STATIC_PART_POLICY "\r\n");
    }
    bool camera = strcmp(file, "/publish.html") == 0;
    return xasprintf("Permissions-Policy: camera=(%s), microphone=(), geolocation=()\r\n%s",
                     camera ? "self" : "", files->security);
}

/* Answers with the open file. */
static void static_answer(struct static_files *files, struct http_session *session,
                          const struct http_request *request, const char *file, int fd,
                          const struct stat *status)
{
    const struct static_type *type = static_type(file);
    bool varies =
        type->text && status->st_size >= STATIC_GZIP_LEAST && status->st_size <= STATIC_GZIP_MOST;
    bool packed = varies && gzip_is_accepted(request);
    char tag[GZIP_CACHE_TAG_SIZE];
    snprintf(tag, sizeof tag, "\"%llx-%llx-%llx%s\"", (unsigned long long)status->st_ino,
             (unsigned long long)status->st_size,
             (unsigned long long)status->st_mtim.tv_sec * NS_PER_SECOND +
                 (unsigned long long)status->st_mtim.tv_nsec,
             packed ? "-gzip" : "");
    char *rules = static_rules(files, file);
    char *fields = xasprintf("ETag: %s\r\nCache-Control: no-cache\r\n%s%s%s", tag,
                             varies ? "Vary: Accept-Encoding\r\n" : "",
                             packed ? "Content-Encoding: gzip\r\n" : "", rules);
    free(rules);
    if (static_is_known(request, tag)) {
        http_respond_text(session, 304, NULL, fields, "", 0);
        free(fields);
        return;
    }
    struct shared_bytes *bytes = static_bytes(files, fd, (size_t)status->st_size, tag, packed);
    if (bytes != NULL) {
        http_respond(session, 200, type->type, fields, bytes);
    } else {
        http_respond_error(session, 503, "unreadable", "Retry-After: 1\r\n",
                           "the file changes at this moment");
    }
    shared_bytes_unref(bytes);
    free(fields);
}

/* --- where nothing is --- */

/* The page for it, or NULL when there is none. *size bytes, the caller's to free(). */
static char *static_missing_page(const struct static_files *files, const char *path,
                                 const char *root, size_t *size)
{
    struct stat status = {0};
    int fd = static_folder_open(files->folder, STATIC_MISSING, &status);
    struct shared_bytes *text = fd >= 0 ? static_folder_read(fd, (size_t)status.st_size) : NULL;
    fd_close(&fd);
    if (text == NULL) {
        return NULL;
    }
    char *page = missing_page_fill((struct byte_span){text->data, text->size}, path, root, size);
    shared_bytes_unref(text);
    return page;
}

void static_files_handle_missing(const struct static_files *files, struct http_session *session,
                                 const struct http_request *request, const char *root,
                                 const char *message)
{
    size_t size = 0;
    char *page = http_request_wants_page(request)
                     ? static_missing_page(files, request->path, root, &size)
                     : NULL;
    if (page == NULL) {
        http_respond_error(session, 404, "not_found", "Vary: Accept\r\n", "%s", message);
        return;
    }
    char *rules = static_rules(files, STATIC_MISSING);
    char *fields = xasprintf("Cache-Control: no-cache\r\nVary: Accept\r\n%s", rules);
    free(rules);
    http_count_error(session, "not_found");
    http_respond_text(session, 404, static_type(STATIC_MISSING)->type, fields, page, size);
    free(fields);
    free(page);
}

void static_files_handle(struct static_files *files, struct http_session *session,
                         const struct http_request *request)
{
    struct stat status = {0};
    bool slash = false;
    const char *file = static_file_of(request->path, &slash);
    int fd = static_folder_open(files->folder, file, &status);
    if (static_folder_is_short(fd)) {
        http_respond_error(session, 503, "busy", "Retry-After: 1\r\n",
                           "too many connections are open, try again");
    } else if (fd < 0) {
        static_files_handle_missing(files, session, request, NULL, STATIC_NOTHING);
    } else if (slash) {
        static_redirect(session, request);
    } else {
        static_answer(files, session, request, file, fd, &status);
    }
    fd_close(&fd);
}
