#ifndef NVCACHE_BASE_CPUS_H
#define NVCACHE_BASE_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/* How many processors this process may run on (sched_getaffinity(2)); at least 1.  A
 * container's quota of processor time is not looked at. */
size_t cpus_usable(void);

/* How many more tasks could run at once than do on the whole machine now, at most
 * cpus_usable().  The caller counts as one that runs, or not: if it is about to wait.
 * By the fourth field of /proc/loadavg; 0 when it cannot be read. */
size_t cpus_idle(bool is_caller_counted);

/* The same by the text of /proc/loadavg, for so many processors. */
size_t cpus_idle_by(const char *loadavg, size_t n_cpus);

#endif
