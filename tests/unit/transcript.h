/* What happened, in words, one after the other. Who includes this defines
 * TRANSCRIPT_SIZE before. */
#ifndef TESTS_UNIT_TRANSCRIPT_H
#define TESTS_UNIT_TRANSCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Zeroed is empty. */
struct transcript {
    char text[TRANSCRIPT_SIZE];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct transcript *transcript,
                                                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(transcript->text + transcript->size, TRANSCRIPT_SIZE - transcript->size,
                           format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < TRANSCRIPT_SIZE - transcript->size);
    transcript->size += (size_t)length;
}

#endif
