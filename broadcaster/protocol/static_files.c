#include "broadcaster/protocol/static_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broadcaster/protocol/page_address.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define STATIC_FILE_MAX ((off_t)16 << 20) /* bytes */

/* Pages load their own scripts, styles and pictures (frames are blobs) and talk to this server only. */
#define STATIC_SECURITY                                                                            \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "         \
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'\r\n"

struct static_files {
    char *folder; /* NULL: there are no pages */
};

static const struct {
    const char *suffix, *type;
} static_types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *static_type(const char *path)
{
    const char *suffix = strrchr(path, '.');
    for (size_t i = 0; suffix != NULL && i < sizeof static_types / sizeof static_types[0]; i++) {
        if (strcasecmp(suffix, static_types[i].suffix) == 0) {
            return static_types[i].type;
        }
    }
    return "application/octet-stream";
}

/* --- the folder --- */

static char *static_beside_program(const char *relative)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) {
        return NULL;
    }
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    *slash = '\0';
    char *path = xasprintf("%s/%s", program, relative);
    char *whole = realpath(path, NULL);
    free(path);
    return whole;
}

struct static_files *static_files_create(const char *web_dir)
{
    struct static_files *files = xcalloc(1, sizeof *files);
    files->folder = web_dir != NULL ? xstrdup(web_dir) : static_beside_program("../web");
    if (files->folder == NULL) {
        files->folder = static_beside_program("../../share/ringcast/web");
    }
    if (files->folder == NULL) {
        log_warn("no web pages beside the program: set broadcaster.web_dir to show them");
    }
    return files;
}

void static_files_destroy(struct static_files *files)
{
    if (files != NULL) {
        free(files->folder);
        free(files);
    }
}

/* --- one file --- */

/* Opens the next part of the path below *folder, which is closed. -errno on failure. */
static int static_step(int *folder, const char *part, int flags)
{
    if (part[0] == '.' || part[0] == '\0') {
        fd_close(folder);
        return -ENOENT;
    }
    int fd = openat(*folder, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
    int result = fd < 0 ? -errno : fd;
    fd_close(folder);
    return result;
}

/* Opens a regular file, part by part, so that no link and no ".." leads outside. -errno on failure. */
static int static_open(const struct static_files *files, const char *path, struct stat *status)
{
    char parts[PATH_MAX];
    int length = snprintf(parts, sizeof parts, "%s", path + 1);
    if (files->folder == NULL || length < 0 || (size_t)length >= sizeof parts) {
        return -ENOENT;
    }
    int fd = open(files->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    char *part = parts;
    for (char *slash; fd >= 0 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        *slash = '\0';
        fd = static_step(&fd, part, O_DIRECTORY);
    }
    if (fd >= 0) {
        fd = static_step(&fd, part, 0);
    }
    if (fd >= 0 &&
        (fstat(fd, status) < 0 || !S_ISREG(status->st_mode) || status->st_size > STATIC_FILE_MAX)) {
        fd_close(&fd);
    }
    return fd;
}

/* The file behind a path: a page's address, "/", or the file's own. */
static const char *static_file_of(const char *path, bool *slash)
{
    const char *page = strcmp(path, "/") == 0 ? "/index.html" : page_address_file(path, slash);
    return page != NULL ? page : path;
}

/* No descriptor is to be had: whether the file is there nobody knows. */
static bool static_is_short(int result)
{
    return result == -EMFILE || result == -ENFILE;
}

bool static_files_have(const struct static_files *files, const char *path)
{
    struct stat status;
    bool slash;
    int fd = static_open(files, static_file_of(path, &slash), &status);
    bool have = fd >= 0 || static_is_short(fd);
    fd_close(&fd);
    return have;
}

/* The whole file, or NULL when it changed while it was read. */
static struct shared_bytes *static_read(int fd, size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, bytes->data + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            shared_bytes_unref(bytes);
            return NULL;
        }
        done += (size_t)got;
    }
    return bytes;
}

/* True when If-None-Match names the file as it is. */
static bool static_is_known(const struct http_request *request, const char *tag)
{
    const struct http_text *known = http_request_field(request, "If-None-Match");
    return known != NULL && ((known->size == 1 && known->data[0] == '*') ||
                             memmem(known->data, known->size, tag, strlen(tag)) != NULL);
}

/* To the same address without the slash behind it. Relative, so that it is right below a base path and
 * behind any proxy. */
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

void static_files_handle(struct static_files *files, struct http_session *session,
                         const struct http_request *request)
{
    struct stat status = {0};
    char tag[80], fields[768];
    bool slash = false;
    const char *file = static_file_of(request->path, &slash);
    int fd = static_open(files, file, &status);
    if (static_is_short(fd)) {
        http_respond_error(session, 503, "busy", "Retry-After: 1\r\n",
                           "too many connections are open, try again");
        return;
    }
    if (fd < 0) {
        http_respond_error(session, 404, "not_found", NULL, "there is nothing at this path");
        return;
    }
    if (slash) {
        fd_close(&fd);
        static_redirect(session, request);
        return;
    }
    snprintf(tag, sizeof tag, "\"%llx-%llx-%llx\"", (unsigned long long)status.st_ino,
             (unsigned long long)status.st_size,
             (unsigned long long)status.st_mtim.tv_sec * NS_PER_SECOND +
                 (unsigned long long)status.st_mtim.tv_nsec);
    snprintf(fields, sizeof fields, "ETag: %s\r\nCache-Control: no-cache\r\n" STATIC_SECURITY, tag);
    if (static_is_known(request, tag)) {
        http_respond_text(session, 304, NULL, fields, "", 0);
        fd_close(&fd);
        return;
    }
    struct shared_bytes *bytes = static_read(fd, (size_t)status.st_size);
    fd_close(&fd);
    if (bytes == NULL) {
        http_respond_error(session, 503, "unreadable", "Retry-After: 1\r\n",
                           "the file changes at this moment");
        return;
    }
    http_respond(session, 200, static_type(file), fields, bytes);
    shared_bytes_unref(bytes);
}
