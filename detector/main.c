#include <string.h>

#include "common/program.h"
#include "detector/detector.h"
#include "detector/probe.h"

int main(int argc, char **argv)
{
    static const struct program_definition definition = {
        .name = "detector",
        .purpose = "finds objects in the newest frames of its cameras and posts what it sees",
        .takes_index = true,
        .further_usage = probe_usage,
    };
    if (argc > 1 && strcmp(argv[1], "--probe") == 0) {
        return probe_run(argc - 1, argv + 1);
    }
    struct program program;
    program_start(&program, &definition, argc, argv);
    struct detector *detector = detector_create(&program);
    loop_on_reload(program.loop, detector_reload, detector);
    loop_ready(program.loop);
    int code = loop_run(program.loop);
    detector_destroy(detector);
    program_finish(&program);
    return code;
}
