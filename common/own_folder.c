#include "common/own_folder.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

char *own_folder_path(const char *relative)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) {
        return NULL;
    }
    program[length] = '\0';
    *strrchr(program, '/') = '\0'; /* the kernel's links begin with one */
    return xasprintf("%s/%s", program, relative);
}
