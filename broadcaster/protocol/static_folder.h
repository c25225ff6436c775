/* The folder that files are shown from: regular files below it, and nothing else. No link and no
 * ".." leads outside, no hidden file is opened. Nothing here is bound to a thread. */
#ifndef BROADCASTER_STATIC_FOLDER_H
#define BROADCASTER_STATIC_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "broadcaster/network/shared_bytes.h"

/* The pages that came with this program: "../web" beside it where it was built,
 * "../../share/ringcast/web" where it was installed. The caller frees it; NULL: there are none. */
char *static_folder_find(void);

/* Opens the file `path`, which begins with '/', of `folder` (NULL: it has none) and fills `status`.
 * The descriptor is the caller's; or -errno (-ENOENT also for what is no file to be shown). */
int static_folder_open(const char *folder, const char *path, struct stat *status);

/* True when an open failed for want of descriptors: whether the file is there nobody knows. */
bool static_folder_is_short(int result);

/* The `size` bytes of an open file, or NULL when it changed while it was read. The reference is the
 * caller's. */
struct shared_bytes *static_folder_read(int fd, size_t size);

#endif
