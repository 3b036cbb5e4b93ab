#ifndef NVCACHE_SCHED_METER_PRIV_H
#define NVCACHE_SCHED_METER_PRIV_H

#include "nvcache/sched/pool.h"

#include <pthread.h>
#include <stdbool.h>

/* The thread that measures a compile and keeps our entry of the table fresh. */

struct meter {
    struct pool *pool;
    struct pool_entry *entry; /* the thread's own while it runs */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_running;
    bool is_stopping;
};

/* Without a thread (EAGAIN) nothing is measured but the largest process. */
void meter_start(struct meter *meter, struct pool *pool, struct pool_entry *entry);

/* Afterwards the entry is the caller's again; its peak is also at least the largest
 * process's that has ended. */
void meter_stop(struct meter *meter);

/* The largest process that has ended below us, in bytes. */
uint64_t meter_largest(void);

#endif
