#ifndef NVCACHE_BASE_CPUS_H
#define NVCACHE_BASE_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/* How many processors this process may run on (sched_getaffinity(2)); at least 1.  A
 * container's quota of processor time is not looked at. */
size_t cpus_usable(void);

/* How many processors the machine has running, whether this process may use them or not,
 * by /sys/devices/system/cpu/online; where that cannot be read, cpus_usable().
 * sysconf(_SC_NPROCESSORS_ONLN) says so with glibc and not with musl, which counts those
 * that the process may use. */
size_t cpus_online(void);

/* The same by the text of that file; 0 if it is none. */
size_t cpus_online_by(const char *list);

/* How many more tasks could run at once than do on the whole machine now, at most
 * cpus_usable().  The caller counts as one that runs, or not: if it is about to wait.
 * By the fourth field of /proc/loadavg; 0 when it cannot be read. */
size_t cpus_idle(bool is_caller_counted);

/* The same by the text of /proc/loadavg, for so many processors. */
size_t cpus_idle_by(const char *loadavg, size_t n_cpus);

#endif
