#include "detector/catalogue/store.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define SHA256_SIZE 32

char *store_default_directory(void)
{
    if (geteuid() == 0) {
        return xstrdup("/var/lib/ringcast/models");
    }
    /* A relative one is to be ignored (XDG Base Directory Specification). */
    const char *folder = getenv("XDG_DATA_HOME");
    if (folder != NULL && folder[0] == '/') {
        return xasprintf("%s/ringcast/models", folder);
    }
    folder = getenv("HOME");
    if (folder == NULL || folder[0] != '/') {
        const struct passwd *user = getpwuid(geteuid());
        folder = user != NULL ? user->pw_dir : "";
    }
    return xasprintf("%s/.local/share/ringcast/models", folder);
}

bool store_is_right(const struct catalogue_file *file, const uint8_t *data, size_t size)
{
    unsigned char digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];
    if (size != file->size) {
        return false;
    }
    if (EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) != 1) {
        die("OpenSSL cannot compute a SHA-256");
    }
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    return strcmp(text, file->sha256) == 0;
}

enum store_state store_look(const struct catalogue_file *file, const char *path)
{
    uint8_t *data;
    size_t size;
    int error = fd_read_file(path, file->size, &data, &size);
    if (error < 0) {
        return error == -ENOENT ? STORE_ABSENT : STORE_OTHER;
    }
    bool right = store_is_right(file, data, size);
    free(data);
    return right ? STORE_RIGHT : STORE_OTHER;
}

int store_put(const char *path, const void *data, size_t size)
{
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    /* In the middle they would leave the temporary file behind. */
    sigprocmask(SIG_BLOCK, &signals, &before);
    int result = fd_write_file(path, data, size);
    if (result == 0 && chmod(path, 0644) < 0) {
        result = -errno;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}
