/* The command `token` of ringcast-ctl: makes a secret that nobody has seen before. */
#ifndef COMMON_CTL_TOKEN_H
#define COMMON_CTL_TOKEN_H

/* Prints the secret, and below it what belongs into broadcaster.tokens. `role` NULL:
 * viewer; `cameras` separated by commas, NULL: all. The program's exit code; mistakes
 * are told on stderr. */
int ctl_token_print(const char *name, const char *role, const char *cameras);

#endif
