/* ringcast-model: fetches networks of the catalogue into the user's folder,
 * for `ringcast model`. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "detector/catalogue/catalogue.h"
#include "detector/catalogue/download.h"
#include "detector/catalogue/store.h"
#include "detector/names.h"

#define EXIT_USAGE 2
#define MIB        (1 << 20)

static const char *const usage =
    "usage: ringcast model list [--dir DIR]\n"
    "       ringcast model get NAME [--dir DIR] [--from ADDRESS]\n"
    "\n"
    "  list            the networks that can be fetched, and which of them are here\n"
    "  get NAME        fetch one, check it, and say what to write into the configuration\n"
    "\n"
    "  --dir DIR       where they are kept; by default /var/lib/ringcast/models as root, else\n"
    "                  $XDG_DATA_HOME/ringcast/models, else ~/.local/share/ringcast/models\n"
    "  --from ADDRESS  another folder with the same files: http, https or file:///…\n"
    "  --help, --version\n";

struct request {
    const char *directory; /* as given, or the default one */
    const char *from;      /* NULL: from where the catalogue says */
};

static int fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "ringcast model: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return exit_code;
}

/* --- list --- */

static size_t model_size(const struct catalogue_model *model)
{
    size_t size = 0;
    for (size_t i = 0; i < CATALOGUE_FILES_MAX; i++) {
        size += model->files[i].size;
    }
    return size;
}

static bool model_is_here(const struct catalogue_model *model, const char *directory)
{
    bool here = true;
    for (size_t i = 0; here && i < CATALOGUE_FILES_MAX && model->files[i].name != NULL; i++) {
        char *path = xasprintf("%s/%s", directory, model->files[i].name);
        here = store_look(&model->files[i], path) == STORE_RIGHT;
        free(path);
    }
    return here;
}

static int list(const struct request *request)
{
    for (size_t i = 0; i < catalogue_count; i++) {
        const struct catalogue_model *model = &catalogue_models[i];
        printf("%-20s  %5.1f MiB  %-8s  %s\n%44s%s\n", model->name, (double)model_size(model) / MIB,
               model_is_here(model, request->directory) ? "here" : "not here", model->about, "",
               model->licence);
    }
    printf("\nhere: %s\n", request->directory);
    return EXIT_SUCCESS;
}

/* --- get --- */

static int fetch(const struct catalogue_file *file, const char *address, const char *path)
{
    char error[DOWNLOAD_ERROR_SIZE];
    uint8_t *data;
    int exit_code = EXIT_SUCCESS;
    printf("fetching %s, %zu bytes\n", address, file->size);
    if (download(address, file->size, &data, error) < 0) {
        return fail(EXIT_FAILURE, "cannot fetch %s: %s", address, error);
    }
    if (!store_is_right(file, data, file->size)) {
        exit_code =
            fail(EXIT_FAILURE, "%s has another SHA-256 than the catalogue says (%s): thrown away",
                 address, file->sha256);
        goto free_data;
    }
    int result = store_put(path, data, file->size);
    if (result < 0) {
        exit_code = fail(EXIT_FAILURE, "cannot write %s: %s", path, strerror(-result));
    }
free_data:
    free(data);
    return exit_code;
}

static int get_file(const struct request *request, const struct catalogue_model *model,
                    const struct catalogue_file *file, const char *path)
{
    switch (store_look(file, path)) {
    case STORE_RIGHT:
        printf("already there, and right: %s\n", path);
        return EXIT_SUCCESS;
    case STORE_OTHER:
        printf("there, but not as it should be: %s\n", path);
        break;
    case STORE_ABSENT:
        break;
    }
    char *address =
        xasprintf("%s/%s", request->from != NULL ? request->from : model->address, file->name);
    int exit_code = fetch(file, address, path);
    free(address);
    return exit_code;
}

/* One name per line, as the detector reads it. The caller frees it. */
static char *names_text(size_t classes, size_t *size)
{
    char *text = NULL;
    struct names *names;
    FILE *out = open_memstream(&text, size);
    if (out == NULL || names_create(&names, NULL, classes) < 0) {
        die("out of memory");
    }
    for (size_t i = 0; i < classes; i++) {
        fprintf(out, "%s\n", names_get(names, i));
    }
    names_destroy(names);
    if (fclose(out) != 0) {
        die("out of memory");
    }
    return text;
}

static int write_names(const char *path, size_t classes)
{
    size_t size, old_size;
    uint8_t *old = NULL;
    char *text = names_text(classes, &size);
    bool there = fd_read_file(path, size, &old, &old_size) == 0 && old_size == size &&
                 memcmp(old, text, size) == 0;
    int result = there ? 0 : store_put(path, text, size);
    free(old);
    free(text);
    return result < 0 ? fail(EXIT_FAILURE, "cannot write %s: %s", path, strerror(-result))
                      : EXIT_SUCCESS;
}

/* Everything of a model; `detector` becomes the section of the configuration that names it. */
static int get_files(const struct request *request, const struct catalogue_model *model,
                     const char *directory, json_t *detector)
{
    int exit_code = EXIT_SUCCESS;
    for (size_t i = 0; i < CATALOGUE_FILES_MAX && model->files[i].name != NULL; i++) {
        char *path = xasprintf("%s/%s", directory, model->files[i].name);
        json_object_set_new(detector, model->files[i].key, json_string(path));
        exit_code = get_file(request, model, &model->files[i], path);
        free(path);
        if (exit_code != EXIT_SUCCESS) {
            return exit_code;
        }
    }
    char *path = xasprintf("%s/%s.names", directory, model->name);
    json_object_set_new(detector, "names", json_string(path));
    exit_code = write_names(path, model->classes);
    free(path);
    return exit_code;
}

static void print_result(const struct catalogue_model *model, json_t *detector)
{
    json_t *section = json_pack("{sO}", "detector", detector);
    printf("\n%s: %s\nLicence: %s\n         %s\n\nIn the configuration:\n\n", model->name,
           model->about, model->licence, model->licence_address);
    char *text = json_dumps(section, JSON_INDENT(2) | JSON_ENCODE_ANY);
    printf("%s\n", text);
    free(text);
    json_decref(section);
}

static const struct catalogue_model *find(const char *name)
{
    for (size_t i = 0; i < catalogue_count; i++) {
        if (strcmp(catalogue_models[i].name, name) == 0) {
            return &catalogue_models[i];
        }
    }
    return NULL;
}

static int unknown(const char *name)
{
    fail(EXIT_USAGE, "there is no network of this name: %s; there are:", name);
    for (size_t i = 0; i < catalogue_count; i++) {
        fprintf(stderr, "  %s\n", catalogue_models[i].name);
    }
    return EXIT_USAGE;
}

static int get(const struct request *request, const char *name)
{
    const struct catalogue_model *model = find(name);
    if (model == NULL) {
        return unknown(name);
    }
    int result = fd_make_directory(request->directory);
    char *directory = result == 0 ? realpath(request->directory, NULL) : NULL;
    if (directory == NULL) {
        return fail(EXIT_FAILURE, "cannot make the folder %s: %s", request->directory,
                    strerror(result < 0 ? -result : errno));
    }
    json_t *detector = json_object();
    json_t *check = json_string(directory);
    int exit_code = check != NULL
                        ? get_files(request, model, directory, detector)
                        : fail(EXIT_FAILURE, "not UTF-8, which a configuration is: %s", directory);
    if (exit_code == EXIT_SUCCESS) {
        print_result(model, detector);
    }
    json_decref(check);
    json_decref(detector);
    free(directory);
    return exit_code;
}

/* --- */

static int run(struct request *request, char **words, int count)
{
    char *directory = NULL;
    int exit_code = EXIT_USAGE;
    if (request->directory == NULL) {
        request->directory = directory = store_default_directory();
    }
    if (count == 1 && strcmp(words[0], "list") == 0) {
        exit_code = list(request);
    } else if (count == 2 && strcmp(words[0], "get") == 0) {
        exit_code = get(request, words[1]);
    } else {
        fprintf(stderr, "%s", usage);
    }
    free(directory);
    return exit_code;
}

static const char *without_slash(char *address)
{
    size_t length = strlen(address);
    if (length > 0 && address[length - 1] == '/') {
        address[length - 1] = '\0';
    }
    return address;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'},
        {"from", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    struct request request = {0};
    int option;
    log_init("model", NULL);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        switch (option) {
        case 'd':
            request.directory = optarg;
            break;
        case 'f':
            request.from = without_slash(optarg);
            break;
        case 'h':
            printf("%s", usage);
            return EXIT_SUCCESS;
        case 'V':
            printf("ringcast-model " RINGCAST_VERSION "\n");
            return EXIT_SUCCESS;
        default:
            fprintf(stderr, "%s", usage);
            return EXIT_USAGE;
        }
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int exit_code = run(&request, argv + optind, argc - optind);
    curl_global_cleanup();
    return exit_code;
}
