/* Metrics of the process, from getrusage and proc(5). Any thread. */
#include "metrics/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum process_metric { CPU, RESIDENT, VIRTUAL, OPEN_FDS, MAX_FDS, THREADS, START };

const struct fx_metric fxi_process_metrics[] = {
    [CPU] = {.name = "process_cpu_seconds_total",
             .kind = FX_COUNTER | FXI_METRIC_NS | FXI_METRIC_WHOLE_NAME,
             .help = "Processor time of all threads, in user mode and in the kernel."},
    [RESIDENT] = {.name = "process_resident_memory_bytes",
                  .kind = FX_GAUGE | FXI_METRIC_WHOLE_NAME,
                  .help = "Resident memory."},
    [VIRTUAL] = {.name = "process_virtual_memory_bytes",
                 .kind = FX_GAUGE | FXI_METRIC_WHOLE_NAME,
                 .help = "Virtual memory."},
    [OPEN_FDS] = {.name = "process_open_fds",
                  .kind = FX_GAUGE | FXI_METRIC_WHOLE_NAME,
                  .help = "Open file descriptors."},
    [MAX_FDS] = {.name = "process_max_fds",
                 .kind = FX_GAUGE | FXI_METRIC_WHOLE_NAME,
                 .help = "The largest possible number of open file descriptors."},
    [THREADS] = {.name = "process_threads",
                 .kind = FX_GAUGE | FXI_METRIC_WHOLE_NAME,
                 .help = "Threads of the process."},
    [START] = {.name = "process_start_time_seconds",
               .kind = FX_GAUGE | FXI_METRIC_NS | FXI_METRIC_WHOLE_NAME,
               .help = "The start of the process, in seconds since the epoch."},
    {.name = NULL}};

/* Reads the first line with this beginning from a file in /proc. False: there is none. */
static bool read_line(const char *path, const char *begin, char *line, int size)
{
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file && !found && fgets(line, size, file))
        found = strncmp(line, begin, strlen(begin)) == 0;
    if (file)
        fclose(file);
    return found;
}

static int64_t to_ns(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static int64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return -1;
    int64_t count = -1; /* opendir's own descriptor is left out */
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Fields of /proc/self/stat from field 3 (the state) on. The name before them may contain any character. */
static void update_stat(struct fxi_metric_set *set)
{
    char line[1024], boot[128];
    int64_t threads, ticks, booted;
    uint64_t bytes;
    if (!read_line("/proc/self/stat", "", line, sizeof line) || !strrchr(line, ')'))
        return;
    if (sscanf(strrchr(line, ')') + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNd64 " %*d %" SCNd64
               " %" SCNu64,
               &threads, &ticks, &bytes) != 3)
        return;
    fxi_metric_set_put(set, THREADS, 0, threads);
    fxi_metric_set_put(set, VIRTUAL, 0, (int64_t)bytes);
    if (!fxi_metric_set_get(set, START, 0) && read_line("/proc/stat", "btime ", boot, sizeof boot) &&
        sscanf(boot, "btime %" SCNd64, &booted) == 1)
        fxi_metric_set_put(set, START, 0, booted * 1000000000 + ticks * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK)));
}

void fxi_process_update(struct fxi_metric_set *set)
{
    struct rusage usage;
    struct rlimit limit;
    char line[128];
    int64_t pages, fds = count_fds();
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        fxi_metric_set_put(set, CPU, 0, to_ns(usage.ru_utime) + to_ns(usage.ru_stime));
    if (read_line("/proc/self/statm", "", line, sizeof line) && sscanf(line, "%*d %" SCNd64, &pages) == 1)
        fxi_metric_set_put(set, RESIDENT, 0, pages * sysconf(_SC_PAGESIZE));
    if (fds >= 0)
        fxi_metric_set_put(set, OPEN_FDS, 0, fds);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        fxi_metric_set_put(set, MAX_FDS, 0, limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur);
    update_stat(set);
}
