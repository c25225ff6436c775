/* `ringcast-detector --probe MODEL PICTURE`: what does this network make of this picture? */
#ifndef DETECTOR_PROBE_H
#define DETECTOR_PROBE_H

/* One or more lines for --help. */
extern const char probe_usage[];

/* `argv[0]` is "--probe". Prints layout, input, classes, detections and milliseconds, and writes
 * the annotated picture. 0; a network or picture that cannot be used ends the process with
 * EXIT_CONFIG and one line. */
int probe_run(int argc, char **argv);

#endif
