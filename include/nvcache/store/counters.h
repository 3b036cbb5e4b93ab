#ifndef NVCACHE_STORE_COUNTERS_H
#define NVCACHE_STORE_COUNTERS_H

#include "nvcache/base/status.h"

#include <stdint.h>

/* Statistics: every command appends one fixed-size record to DIR/v1-lmdb09/stats.log
 * (O_APPEND, one write(2), so that it is atomic on a local file system); whoever finds
 * the log long folds it into DIR/v1-lmdb09/stats under a lock.  A killed process loses
 * its own record and nothing else; nothing is counted twice.  Damaged records are skipped
 * and counted. */

#define COUNTERS_VERSION    3
#define COUNTERS_MAX_ERRORS 6

/* Steps of a compile that are counted one by one. */
enum counters_step {
    STEP_CICC,
    STEP_PTXAS,
    STEP_CUDAFE,
    STEP_HOST,
    COUNTERS_STEPS,
};

/* What one command has to say. */
struct counters_event {
    enum nvc_status outcome; /* a hit, miss, failed or bypass status */
    enum nvc_status nostore; /* for misses: why nothing was recorded, or NVC_OK */
    enum nvc_status errors[COUNTERS_MAX_ERRORS]; /* what went wrong on the way, and what
                                                    memory did; NVC_OK ends */
    enum nvc_status unplanned; /* why its steps were not run one by one, or NVC_OK */
    uint8_t steps_reused[COUNTERS_STEPS]; /* 255 stands for more, too */
    uint8_t steps_run[COUNTERS_STEPS];
    uint64_t saved_us;   /* compile time a hit saved */
    uint64_t compile_us; /* time the compiler took (misses) */
    uint64_t bytes;      /* of outputs replayed or recorded */
    uint64_t wait_us;    /* time spent waiting for memory */
};

struct counters {
    uint64_t by_status[NVC_STATUS_LIMIT];
    uint64_t steps_reused[COUNTERS_STEPS];
    uint64_t steps_run[COUNTERS_STEPS];
    uint64_t saved_us;
    uint64_t compile_us;
    uint64_t bytes_replayed;
    uint64_t bytes_recorded;
    uint64_t wait_us;
    uint64_t damaged; /* log records that could not be read */
    int64_t since_s;  /* when counting began (seconds since 1970), 0: unknown */
};

/* `dir` is the cache directory (store_config.dir). */
NVC_NODISCARD enum nvc_status counters_add(const char *dir, int umask,
                                           const struct counters_event *event);
/* The same into the directory that the store has open, if it has one. */
struct store;
NVC_NODISCARD enum nvc_status counters_add_to(const struct store *store,
                                              const struct counters_event *event);
/* All zero when there are none. */
NVC_NODISCARD enum nvc_status counters_read(const char *dir, struct counters *out);
NVC_NODISCARD enum nvc_status counters_zero(const char *dir, int umask);

#endif
