/* Processors. */

#include "nvcache/base/cpus.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"

#include <sched.h>
#include <stdio.h>

#define ONLINE_PATH "/sys/devices/system/cpu/online"

enum {
    KERNEL_TEXT_MAX = 4096
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

/* "0-3,6" */
size_t
cpus_online_by(const char *list)
{
    unsigned first, last;
    size_t n = 0;
    int len;

    for (; sscanf(list, "%u%n", &first, &len) == 1; list++) {
        list += len;
        last = first;
        if (sscanf(list, "-%u%n", &last, &len) == 1)
            list += len;
        n += last >= first ? last - first + 1 : 0;
        if (*list != ',')
            break;
    }
    return n;
}

size_t
cpus_online(void)
{
    AUTO_BUF text = BUF_INIT;
    size_t n = 0;

    if (fs_read(ONLINE_PATH, KERNEL_TEXT_MAX, &text) == NVC_OK)
        n = cpus_online_by(buf_str(&text));
    return n > 0 ? n : cpus_usable();
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
    const size_t n_cpus = cpus_online();
    const size_t usable = cpus_usable();
    AUTO_BUF text = BUF_INIT;
    size_t idle;

    if (fs_read("/proc/loadavg", KERNEL_TEXT_MAX, &text) != NVC_OK)
        return 0;
    idle = cpus_idle_by(buf_str(&text), n_cpus + (is_caller_counted ? 0 : 1));
    return idle < usable ? idle : usable;
}
