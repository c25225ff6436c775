/* Numbers as people read them. Pure, thread-safe. */
#ifndef COMMON_CTL_FORMAT_H
#define COMMON_CTL_FORMAT_H

#define CTL_FORMAT_SIZE 32

/* "0.35 s", "12 s", "12 min", "5 h", "2 d"; what is negative (the clock was
 * set back) is "0.00 s". */
const char *ctl_format_duration(double seconds, char out[CTL_FORMAT_SIZE]);

/* "512", "12k", "3.4M", "1.2G": powers of 1024. */
const char *ctl_format_bytes(double bytes, char out[CTL_FORMAT_SIZE]);

#endif
