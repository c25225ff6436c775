/* The networks that `ringcast model get` knows: where each file lies and what it must
 * be. The addresses name a commit, so what lies there does not change; size and
 * checksum say so. Constant. */
#ifndef DETECTOR_CATALOGUE_CATALOGUE_H
#define DETECTOR_CATALOGUE_CATALOGUE_H

#include <stddef.h>

#define CATALOGUE_FILES_MAX 2

struct catalogue_file {
    const char *name;   /* below its model's address, and in the user's folder */
    const char *key;    /* of `detector` in the configuration: "model" or "weights" */
    size_t size;        /* bytes */
    const char *sha256; /* 64 digits, lower case */
};

struct catalogue_model {
    const char *name;
    const char *about; /* one line: input, classes, what it is good for */
    const char *licence;
    const char *licence_address;
    const char *address; /* of the folder, without the slash at the end */
    size_t classes;      /* 80: those of COCO, whose names detector/names.c has */
    struct catalogue_file files[CATALOGUE_FILES_MAX]; /* those without a name are not there */
};

extern const struct catalogue_model catalogue_models[];
extern const size_t catalogue_count;

#endif
