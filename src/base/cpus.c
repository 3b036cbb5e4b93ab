/* Processors. */

#include "nvcache/base/cpus.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LOADAVG_MAX = 4096
};

size_t
cpus_usable(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

/* "0.20 0.18 0.12 RUNNING/ALL LAST" */
size_t
cpus_idle_by(const char *loadavg, size_t n_cpus)
{
    unsigned long running;

    if (sscanf(loadavg, "%*s %*s %*s %lu/", &running) != 1 || running >= n_cpus)
        return 0;
    return n_cpus - running;
}

size_t
cpus_idle(bool is_caller_counted)
{
    const long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t usable = cpus_usable();
    AUTO_BUF text = BUF_INIT;
    size_t idle;

    if (n_cpus < 1 || fs_read("/proc/loadavg", LOADAVG_MAX, &text) != NVC_OK)
        return 0;
    idle = cpus_idle_by(buf_str(&text), (size_t)n_cpus + (is_caller_counted ? 0 : 1));
    return idle < usable ? idle : usable;
}
