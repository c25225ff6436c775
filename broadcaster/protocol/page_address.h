/* The addresses of the web pages: /camera/ID shows camera.html, and so on. Pure. */
#ifndef BROADCASTER_PAGE_ADDRESS_H
#define BROADCASTER_PAGE_ADDRESS_H

#include <stdbool.h>

/* The file that shows `path` ("/camera.html" for "/camera/CAM1"; constant), or NULL when
 * that is not a page's address: it may be a file's own. *slash: there is a '/' behind the
 * address, where the page's relative links would lead astray; such a one is to be sent to
 * the address without it. */
const char *page_address_file(const char *path, bool *slash);

#endif
