/* `ringcast-ctl store FILE SIZE`: for the broadcaster, which waits for no disk. */
#ifndef COMMON_CTL_STORE_H
#define COMMON_CTL_STORE_H

/* Puts what comes by stdin under `path`, as fd_write_file() does, and makes its folder where there
 * is none. `size` says how many bytes that must be: whoever sends them may be killed meanwhile. The
 * exit code; what went wrong is on stderr. */
int ctl_store_stdin(const char *path, const char *size);

#endif
