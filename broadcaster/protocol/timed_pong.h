/* What a client's `{"type":"ping","t":T}` is answered with: its time as it came, beside the
 * server's. Pure but for the clock. */
#ifndef BROADCASTER_TIMED_PONG_H
#define BROADCASTER_TIMED_PONG_H

#include "broadcaster/text/byte_span.h"

#define CLIENT_TIME_SIZE 40 /* of a client's time as text, NUL included */
#define TIMED_PONG_SIZE  (CLIENT_TIME_SIZE + 96)

/* Keeps `value`, which was scanned, when it is a number that fits; else `time` stays as it is. */
void timed_pong_take(struct byte_span value, char time[CLIENT_TIME_SIZE]);

/* {"type":"pong","t":`time`,"server_time":seconds since 1970} */
void timed_pong_write(const char *time, char text[TIMED_PONG_SIZE]);

#endif
