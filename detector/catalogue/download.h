/* Fetches a file of known size into memory: nothing of a download that breaks off
 * ever reaches a disk. */
#ifndef DETECTOR_CATALOGUE_DOWNLOAD_H
#define DETECTOR_CATALOGUE_DOWNLOAD_H

#include <stddef.h>
#include <stdint.h>

#define DOWNLOAD_ERROR_SIZE 512

/* Fetches `address` (http, https or file; redirections only to the first two), which must have
 * exactly `size` bytes; more are never held. Waits at most 30 s for a byte. *data is the caller's
 * to free(). 0, or -1 with the cause in `error`, one line. */
int download(const char *address, size_t size, uint8_t **data, char error[DOWNLOAD_ERROR_SIZE]);

#endif
