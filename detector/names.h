/* The names of a network's classes: exactly as many as it has. Constant once made, so any
 * thread may read them. */
#ifndef DETECTOR_NAMES_H
#define DETECTOR_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names;

/* Reads one name per line from `path`; NULL: the 80 of COCO where the network has 80 classes.
 * Classes without a name are called "class N", and names without a class are left out. 0 or
 * -errno of the file. */
int names_create(struct names **names, const char *path, size_t classes);
/* The same of a text, one name per line. */
struct names *names_create_from_text(const char *text, size_t classes);
void names_destroy(struct names *names); /* NULL is allowed */

size_t names_count(const struct names *names);

/* How many there were to read: another number than names_count() tells of names
 * for another network. */
size_t names_listed(const struct names *names);

/* `class_id` below names_count(). Valid UTF-8 without control characters. */
const char *names_get(const struct names *names, size_t class_id);

/* False when no class bears that name (upper and lower case are alike). */
bool names_find(const struct names *names, const char *name, size_t *class_id);

#endif
