/* The web pages: the files of one folder (static_folder.h), each with the rules that its browser is
 * to keep. Text goes out compressed to whoever takes it so. One thread. */
#ifndef BROADCASTER_STATIC_FILES_H
#define BROADCASTER_STATIC_FILES_H

#include <stdbool.h>

#include "broadcaster/protocol/http_session.h"
#include "common/config.h"

struct static_files;

/* `web_dir` NULL: the folder that came with the program (static_folder_find()). `frame_origins`:
 * whose pages may show ours in a frame. Both are copied. */
struct static_files *static_files_create(const char *web_dir,
                                         const struct config_strings *frame_origins);
void static_files_destroy(struct static_files *files); /* NULL is allowed */

/* `path` begins with '/'; "/" is index.html, a page's address (page_address.h) its file. True also
 * when that cannot be told just now, for want of a descriptor: the answer will be 503. */
bool static_files_have(const struct static_files *files, const char *path);

/* Answers a GET or HEAD of a file that is there: 200, 304 when the client has it already, 308 for a
 * page's address with a slash behind it. */
void static_files_handle(struct static_files *files, struct http_session *session,
                         const struct http_request *request);

#define STATIC_NOTHING "there is nothing at this path"

/* 404: missing.html to a browser that is about to show a page, else an error in JSON with
 * `message`. `root`: the address of the pages with a '/' behind it; NULL: seen from the request's
 * own (missing_page.h). */
void static_files_handle_missing(const struct static_files *files, struct http_session *session,
                                 const struct http_request *request, const char *root,
                                 const char *message);

#endif
