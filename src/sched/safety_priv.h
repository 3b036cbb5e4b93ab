#ifndef NVCACHE_SCHED_SAFETY_PRIV_H
#define NVCACHE_SCHED_SAFETY_PRIV_H

#include "nvcache/sched/budget.h"
#include "nvcache/sched/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether all who run can finish: the banker's question.
 *
 * Those who run stand in a row, first the one that will grow least.  The first can finish
 * if what is left is enough for what it will still grow by; the next one if that is so
 * with what the first gives back, and so on, if those behind do not grow meanwhile.  They
 * do not while they are paused (pause_priv.h), so memory may be promised more than once.
 * (If there is a row in which all can finish, this is one.)
 *
 * Entries that are stale neither grow nor give back. */

struct safety {
    uint64_t
        left_bytes; /* that anybody may still take: without headroom, below the cap */
    int64_t slack_bytes; /* the least that would be left when one of those ahead has grown
                            to what it needs; INT64_MAX: nobody is ahead */
    uint64_t cushion_bytes; /* of those ahead, but the first */
    uint64_t
        shared_bytes;     /* by which all together are expected to grow, on the average */
    uint64_t extra_bytes; /* and one whose need is guessed beyond that, at most */
    uint64_t promised_bytes; /* what all together may use in the end */
    size_t running;
    size_t ahead;
    bool has_paused;
};

/* `me` is not among `others`, which are what pool_look gave; NULL: all are ahead. */
struct safety safety_of(const struct budget *budget, const struct pool_entry *me,
                        const struct pool_entry *others, size_t n, int64_t now_ns);

/* How often the memory that it needs at most may be promised: three times, but once where
 * it cannot be paused or ends too soon to be. */
unsigned safety_times(const struct pool_entry *entry);

/* By so much a compile may grow before it is looked at again. */
uint64_t safety_cushion(uint64_t need_bytes);

#endif
