/* Is it a whole JPEG of a sane size? Cheap: the header segments are walked as far as the scan, and
 * the end is looked at; what lies between is a decoder's business. Pure, thread-safe. */
#ifndef BROADCASTER_PICTURE_CHECK_H
#define BROADCASTER_PICTURE_CHECK_H

#include "broadcaster/text/byte_span.h"
#include "common/jpeg_info.h"

/* Bytes of a JPEG. `info->size` is that of the picture without padding behind it. */
enum jpeg_fault picture_check_bytes(struct byte_span jpeg, struct jpeg_info *info);

/* The same for base64 of the right alphabet and padding; only the beginning and the end are
 * decoded, and where these are not base64 after all it is JPEG_TRUNCATED. `info->size` is the
 * number of bytes that the base64 stands for. */
enum jpeg_fault picture_check_base64(struct byte_span base64, struct jpeg_info *info);

#endif
