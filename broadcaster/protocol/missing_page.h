/* The page of an address where nothing is. It is shown at any depth, so its links begin with a
 * mark, "{root}", that is replaced by the way to the root of the pages. Pure. */
#ifndef BROADCASTER_MISSING_PAGE_H
#define BROADCASTER_MISSING_PAGE_H

#include <stddef.h>

#include "broadcaster/text/byte_span.h"

/* The page as it goes out to a request for `path`, which begins with '/'. `root`: what the marks
 * become; NULL: the way from `path` to "/", and no page for a path so deep that nobody has just
 * mistyped it. *size bytes, the caller's to free(); or NULL. */
char *missing_page_fill(struct byte_span page, const char *path, const char *root, size_t *size);

#endif
