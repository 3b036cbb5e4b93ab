#ifndef NVCACHE_SCHED_TREE_PRIV_H
#define NVCACHE_SCHED_TREE_PRIV_H

#include <stdint.h>

/* The memory of everybody below this process, right now: resident pages less those of
 * files and shared memory.  0 where /proc does not tell of children (a kernel without
 * CONFIG_PROC_CHILDREN).  Any thread may call it. */
uint64_t tree_bytes(void);

#endif
