/* The option table: everything that may stand in ringcast.json, one row each. The parser, --help,
 * docs/configuration.md and `ringcast-ctl get` all read this table and
 * nothing else. Thread-safe. */
#ifndef COMMON_CONFIG_OPTIONS_H
#define COMMON_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum config_section {
    SECTION_TOP,
    SECTION_DETECTOR,
    SECTION_BROADCASTER,
    SECTION_HISTORY,
    SECTION_CAMERA, /* below "cameras", once per id */
    SECTION_COUNT
};

/* How a value stands in the file, and what it becomes in the struct. */
enum config_type {
    CONFIG_STRING,    /* text; minimum, maximum: its length -> char * */
    CONFIG_PATH,      /* text, relative to the file -> char *, absolute */
    CONFIG_URL,       /* http or https, with a host -> char * */
    CONFIG_LISTEN,    /* address:port, [address]:port -> char * */
    CONFIG_INTEGER,   /* a whole number -> int64_t */
    CONFIG_BYTES,     /* a whole number, or "64 KiB", "4 MiB" -> int64_t */
    CONFIG_NUMBER,    /* a number -> double */
    CONFIG_BOOL,      /* true or false -> bool */
    CONFIG_ENUM,      /* one of `names` -> the enum, whose value is the place in `names` */
    CONFIG_CHOICE,    /* one of `names` -> char * */
    CONFIG_STRINGS,   /* texts; minimum, maximum: length of each -> struct config_strings */
    CONFIG_ORIGINS,   /* scheme://host[:port], of each -> struct config_strings */
    CONFIG_NETWORKS,  /* address or address/length, of each -> struct config_strings */
    CONFIG_BASE_PATH, /* "/cameras" -> char * */
    CONFIG_TOKENS,    /* who may come in -> struct config_token *, and behind it the count */
    CONFIG_SPACES,    /* parking spaces -> struct config_space *, and behind it the count */
    CONFIG_TILES,     /* [columns, rows]; minimum, maximum: of each -> struct config_tiles */
    CONFIG_POLYGON,   /* a list of corners -> struct config_polygon */
    CONFIG_POLYGONS   /* a list of polygons -> struct config_polygons */
};

struct config_option {
    enum config_section section;
    enum config_type type;
    const char *key;
    double minimum, maximum;
    const char *fallback; /* the default, as one would write it in the environment; NULL: none */
    const char *fallback_note; /* the default in words where it depends on other things; or NULL */
    const char *const *names;  /* of an enum or choice, NULL-terminated */
    size_t offset; /* of the field in the section's struct (SECTION_TOP: struct config) */
    const char *help;
};

/* The table, grouped by section, in the order in which people should read it. */
extern const struct config_option config_options[];
extern const size_t config_option_count;

/* What a section is called in the file: "", "detector", "broadcaster", "history", "cameras". */
const char *config_section_name(enum config_section section);

/* Where the fields of a section that exists once begin in `struct config`. */
size_t config_section_offset(enum config_section section);

/* The row of `section` with this key, or NULL. */
const struct config_option *config_option_find(enum config_section section, const char *key);

/* The key of `section` that was most likely meant by `wrong`, or NULL when none is near. At the top
 * the names of the sections count too. */
const char *config_option_suggest(enum config_section section, const char *wrong);

/* The environment variable that overrides the row, e.g. RINGCAST_DETECTOR_CONF; NULL for cameras.
 * The caller frees it. */
char *config_option_variable(const struct config_option *option);

#endif
