#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "tests/camsim/arguments.h"

static struct frames *open_scene(const struct arguments *arguments, FILE **truth)
{
    if (arguments->truth_path != NULL && (*truth = fopen(arguments->truth_path, "w")) == NULL) {
        die_config("cannot write path=%s: %s", arguments->truth_path, strerror(errno));
    }
    return frames_of_scene(scene_create(&arguments->scene, *truth),
                           arguments->frames > 0 ? arguments->frames : SIZE_MAX);
}

static struct frames *open_clip(const struct arguments *arguments)
{
    struct frames *frames = NULL;
    int result = frames_open(&frames, arguments->path);
    if (result < 0) {
        die_config("no pictures path=%s: %s", arguments->path,
                   result == -ENODATA ? "there is no whole JPEG in it" : strerror(-result));
    }
    return frames;
}

static int export(const struct arguments *arguments)
{
    int result = scene_export(&arguments->scene, arguments->export_folder, arguments->frames);
    if (result < 0) {
        log_error("cannot write folder=%s: %s", arguments->export_folder, strerror(-result));
    }
    return result < 0 ? EXIT_FAULT : EXIT_SUCCESS;
}

static int serve(struct arguments *arguments)
{
    FILE *truth = NULL;
    struct frames *frames =
        arguments->path != NULL ? open_clip(arguments) : open_scene(arguments, &truth);
    struct loop *loop = loop_create(arguments->ready_fd);
    struct camera *camera =
        camera_create(loop_base(loop), frames, &arguments->faults, &arguments->camera);
    printf("http://%s\n", camera_address(camera));
    fflush(stdout);
    loop_ready(loop);
    int exit_code = loop_run(loop);
    camera_destroy(camera);
    loop_destroy(loop);
    frames_close(frames);
    if (truth != NULL) {
        fclose(truth);
    }
    return exit_code;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    log_init("camsim", NULL);
    arguments_parse(&arguments, argc, argv);
    return arguments.export_folder != NULL ? export(&arguments) : serve(&arguments);
}
