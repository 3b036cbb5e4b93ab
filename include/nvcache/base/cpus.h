#ifndef NVCACHE_BASE_CPUS_H
#define NVCACHE_BASE_CPUS_H

#include <stddef.h>

/* How many processors this process may run on (sched_getaffinity(2)); at least 1.  A
 * container's quota of processor time is not looked at. */
size_t cpus_usable(void);

#endif
