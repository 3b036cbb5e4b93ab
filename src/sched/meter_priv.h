#ifndef NVCACHE_SCHED_METER_PRIV_H
#define NVCACHE_SCHED_METER_PRIV_H

#include "nvcache/sched/lease.h"
#include "nvcache/sched/pool.h"

#include <pthread.h>
#include <stdbool.h>

/* The thread that measures a compile, keeps our entry of the table fresh, and stops the
 * compile's processes for a while when there is too little memory (pause.h). */

struct meter {
    struct pool *pool;
    struct pool_entry *entry; /* the thread's own while it runs */
    const struct lease_spec *spec;
    const struct budget_source *source;
    int64_t paused_since_ns;
    int64_t judged_ns; /* when it was looked whether it has to be */
    int64_t told_ns;   /* when the user was told last that it is stopped */
    int64_t paused_ns; /* altogether, over all runs of this compile */
    unsigned pauses;
    bool is_tight; /* there is little memory: look more often */
    bool
        was_set_back; /* the compile has been ended, to begin anew when there is memory */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_running;
    bool is_stopping;
};

/* Needs spec and source.  Without a thread (EAGAIN) nothing is measured but the largest
 * process. */
void meter_start(struct meter *meter, struct pool *pool, struct pool_entry *entry);

/* Nobody stays stopped.  Afterwards the entry is the caller's again; its peak is also at
 * least the largest process's that has ended. */
void meter_stop(struct meter *meter);

/* Of a meter that runs or has run. */
bool meter_was_set_back(struct meter *meter);
int64_t meter_paused_ns(struct meter *meter);

/* The largest process that has ended below us, in bytes. */
uint64_t meter_largest(void);

#endif
