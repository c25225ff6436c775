/* Who asks: found out once per request, before any handler (access.h), and carried by the
 * session until the request is answered; who goes on after that (a viewer) keeps a
 * reference. One thread. */
#ifndef BROADCASTER_IDENTITY_H
#define BROADCASTER_IDENTITY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/config.h"

#define IDENTITY_NAME_SIZE 65 /* with its NUL */

struct http_session;

/* What somebody may do; a set of them in identity::roles. */
enum role {
    ROLE_VIEWER = 1 << 0,    /* watch and read */
    ROLE_PUBLISHER = 1 << 1, /* POST frames, be a camera */
    ROLE_ADMIN = 1 << 2,     /* change cameras, list and close viewers */
};
#define ROLE_ANYBODY 0u /* of a route: nothing is asked */
/* Of a route, beside roles: it tells of all cameras, so a token that is for
 * some may not have it. */
#define ROLE_EVERY_CAMERA (1u << 3)
#define ROLE_ALL          ((unsigned)(ROLE_VIEWER | ROLE_PUBLISHER | ROLE_ADMIN))

/* The token of the configuration that somebody came with, or that a
 * short-lived one was made with. */
struct identity_token {
    char name[IDENTITY_NAME_SIZE];
    uint8_t digest[CONFIG_DIGEST_SIZE];
    bool is_signed; /* came with a short-lived token */
};

/* Does not change once it is made, but for on_end. */
struct identity {
    size_t references;
    unsigned roles; /* of enum role */
    /* For people, limits and the log: the token's name, else what the client calls itself in
     * `user_id`, else its address. No white space, no control characters, UTF-8. */
    char user[IDENTITY_NAME_SIZE];
    bool is_local;      /* came by broadcaster.http.sock */
    bool every_camera;  /* else only `cameras` */
    struct in6_addr ip; /* the client's, also behind a trusted proxy; :: when it is local */
    struct identity_token *token; /* owned; NULL: came without */
    char **cameras;
    size_t camera_count;
    void (*on_end)(void *arg); /* NULL: nothing */
    void *on_end_arg;
};

/* All zero but for one reference: nobody, who may do nothing. */
struct identity *identity_create(void);
struct identity *identity_ref(struct identity *identity);
void identity_unref(struct identity *identity); /* NULL is allowed */

/* Its `ip` in words, without a port; "local": broadcaster.http.sock. */
void identity_address(const struct identity *identity, char text[ADDRESS_TEXT_SIZE]);

const char *identity_token_name(const struct identity *identity); /* "": came without */

/* It came with a token of this name (cut where it is longer) and digest. */
void identity_set_token(struct identity *identity, const char *name,
                        const uint8_t digest[CONFIG_DIGEST_SIZE]);

/* Calls `on_end` when the last reference goes; once for an identity. */
void identity_on_end(struct identity *identity, void (*on_end)(void *arg), void *arg);

/* Copies the list; every_camera is no longer so. */
void identity_limit_cameras(struct identity *identity, char *const *cameras, size_t count);

/* The cameras of `other`, every one or a list. */
void identity_copy_cameras(struct identity *identity, const struct identity *other);

bool identity_has_role(const struct identity *identity, enum role role);
bool identity_allows_camera(const struct identity *identity, const char *camera);

/* True when the one who asks may have the camera; else the session has been answered
 * with 403. Routes ask it for cameras in the path and in `camera_id`; handlers for those
 * in a body or a message. */
bool identity_check_camera(struct http_session *session, const char *camera);

#endif
