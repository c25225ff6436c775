#include "common/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

static void *memory_check(void *memory)
{
    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

void *xmalloc(size_t size)
{
    return memory_check(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return memory_check(count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
    return memory_check(count > 0 && size > 0 ? reallocarray(old, count, size) : realloc(old, 1));
}

char *xstrdup(const char *text)
{
    return memory_check(strdup(text));
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return memory_check(length >= 0 ? text : NULL);
}
