/* ringcast-capture: one camera, from its network protocol into its frame ring. */
#include <stdlib.h>
#include <string.h>

#include "capture/camera.h"
#include "capture/probe.h"
#include "common/config.h"
#include "common/log.h"
#include "common/program.h"

static const struct program_definition definition = {
    .name = "capture",
    .purpose = "reads one camera and publishes its newest picture",
    .takes_camera = true,
    .further_usage = "       ringcast-capture --probe   looks at the camera that stdin describes\n",
};

struct capture {
    struct program program;
    struct camera *camera;
};

/* True when this process has work: the camera is configured (it may not be any more after a reload)
 * and does not push by itself. */
static bool capture_is_needed(const struct program *program)
{
    const struct config_camera *camera = config_find_camera(program->config, program->camera);
    return camera != NULL && config_camera_has_capture(camera);
}

static void capture_on_reload(void *arg)
{
    struct capture *capture = arg;
    struct config *old;
    if (program_reload(&capture->program, &old) < 0) {
        return;
    }
    if (capture_is_needed(&capture->program)) {
        camera_reload(capture->camera, old);
    } else {
        log_info("the camera is not configured any more, ending");
        camera_destroy(capture->camera);
        capture->camera = NULL;
        loop_stop(capture->program.loop, EXIT_SUCCESS);
    }
    config_destroy(old);
}

int main(int argc, char **argv)
{
    struct capture capture = {.camera = NULL};
    if (argc == 2 && strcmp(argv[1], "--probe") == 0) {
        return probe_run();
    }
    struct program *program = &capture.program;
    program_start(program, &definition, argc, argv);
    if (!capture_is_needed(program)) {
        die_config("the camera pushes its pictures to the broadcaster and needs no capture "
                   "camera=%s config=%s",
                   program->camera, program->config_path);
    }
    int result = camera_create(&capture.camera, program);
    if (result < 0) {
        die("cannot serve the camera's socket run_dir=%s: %s", program->config->run_dir,
            strerror(-result));
    }
    loop_on_reload(program->loop, capture_on_reload, &capture);
    loop_ready(program->loop);
    int exit_code = loop_run(program->loop);
    camera_destroy(capture.camera);
    program_finish(program);
    return exit_code;
}
