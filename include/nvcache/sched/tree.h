#ifndef NVCACHE_SCHED_TREE_H
#define NVCACHE_SCHED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Trees of processes, through /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN). */

/* The memory of everybody below this process, right now: resident pages less those of
 * files and shared memory.  0 where /proc does not tell of children.  Any thread may call
 * it. */
uint64_t tree_bytes(void);

/* Send a signal to everybody below this process, parents before their children, so that a
 * stopped parent starts no more.  Any thread may call it. */
void tree_signal(int signal_number);

/* Does /proc tell of children here? */
bool tree_is_readable(void);

/* What a compile is at, for a person: the program of the largest process below `pid` and
 * the architecture in its command line, "cicc compute_90a".  "" when nothing can be seen
 * (the process is gone, or in another PID namespace). */
void tree_describe(uint32_t pid, char *out, size_t size);

#endif
