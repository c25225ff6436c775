#include "common/program.h"
#include "detector/detector.h"

int main(int argc, char **argv)
{
    static const struct program_definition definition = {
        .name = "detector",
        .purpose = "finds objects in the newest frames of its cameras and posts what it sees",
        .takes_index = true,
    };
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
