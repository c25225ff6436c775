#include "common/ctl_format.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

const char *ctl_format_duration(double seconds, char out[CTL_FORMAT_SIZE])
{
    static const struct {
        double from, unit;
        const char *name;
    } units[] = {
        {172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {10, 1, "s"}, {0, 1, NULL}};
    size_t i = 0;
    seconds = fmax(seconds, 0);
    while (seconds < units[i].from) {
        i++;
    }
    if (units[i].name == NULL) {
        snprintf(out, CTL_FORMAT_SIZE, "%.2f s", seconds);
    } else {
        snprintf(out, CTL_FORMAT_SIZE, "%.0f %s", seconds / units[i].unit, units[i].name);
    }
    return out;
}

const char *ctl_format_bytes(double bytes, char out[CTL_FORMAT_SIZE])
{
    static const char units[] = {'k', 'M', 'G', 'T'};
    if (bytes < 1024) {
        snprintf(out, CTL_FORMAT_SIZE, "%.0f", bytes);
        return out;
    }
    size_t i = 0;
    bytes /= 1024;
    while (bytes >= 1000 && i + 1 < sizeof units) {
        bytes /= 1024;
        i++;
    }
    snprintf(out, CTL_FORMAT_SIZE, bytes < 9.95 ? "%.1f%c" : "%.0f%c", bytes, units[i]);
    return out;
}
