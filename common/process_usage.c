#include "common/process_usage.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

#define PROC_PATH_SIZE 64
#define PROC_STAT_MAX  4096

/* Counts what is in /proc/PID/fd. Linux 6.2 and later say it as the folder's size. */
static int count_descriptors(pid_t pid, uint64_t *count)
{
    char path[PROC_PATH_SIZE];
    struct stat status;
    const struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    if (stat(path, &status) == 0 && status.st_size > 0) {
        *count = (uint64_t)status.st_size;
        return 0;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return -errno;
    }
    *count = 0;
    while ((entry = readdir(folder)) != NULL) {
        *count += entry->d_name[0] != '.';
    }
    closedir(folder);
    /* For ourselves the folder was one of them. */
    *count -= pid == getpid();
    return 0;
}

/* Seconds since 1970 at which this machine was started. */
static double boot_time_s(void)
{
    struct timespec up = {0};
    clock_gettime(CLOCK_BOOTTIME, &up);
    return (double)clock_realtime_ns() / (double)NS_PER_SECOND - (double)up.tv_sec -
           (double)up.tv_nsec / (double)NS_PER_SECOND;
}

/* The fields of /proc/PID/stat behind the name, which may hold anything, a parenthesis too: see
 * proc(5), fields 3 (state), 14 and 15 (CPU), 20 (threads), 22 (start) and 24 (pages). */
static int parse_stat(const char *text, struct process_usage *usage)
{
    const char *fields = strrchr(text, ')');
    uint64_t user, system, threads, started, pages;
    if (fields == NULL ||
        sscanf(fields + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %20" SCNu64 " %20" SCNu64
               " %*s %*s %*s %*s %20" SCNu64 " %*s %20" SCNu64 " %*s %20" SCNu64,
               &user, &system, &threads, &started, &pages) != 5) {
        return -EBADMSG;
    }
    double ticks = (double)sysconf(_SC_CLK_TCK);
    usage->cpu_s = (double)(user + system) / ticks;
    usage->threads = threads;
    usage->started_s = boot_time_s() + (double)started / ticks;
    usage->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

int process_usage_read(pid_t pid, struct process_usage *usage)
{
    char path[PROC_PATH_SIZE];
    uint8_t *text;
    size_t size;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int result = fd_read_file(path, PROC_STAT_MAX, &text, &size);
    if (result < 0) {
        return result;
    }
    result = parse_stat((const char *)text, usage);
    free(text);
    return result < 0 ? result : count_descriptors(pid, &usage->descriptors);
}
