#ifndef NVCACHE_SCHED_PAUSE_PRIV_H
#define NVCACHE_SCHED_PAUSE_PRIV_H

#include "nvcache/sched/budget.h"
#include "nvcache/sched/pool.h"

#include <stddef.h>

/* Whether a compile that runs should go on, given the budget and the table. */

enum pause_verdict {
    PAUSE_GO,       /* run, or go on */
    PAUSE_STOP,     /* do not grow for now: one that is ahead needs what is left */
    PAUSE_SET_BACK, /* give everything back and begin anew later: it is not enough */
};

/* The first of the row (safety_priv.h) always goes on, so that there is always one that
 * does. The further behind, the sooner a compile pauses.  Only the youngest of those that
 * may is set back, and not the first, nor one that is to run alone.  `me->is_paused`
 * keeps it paused until there is clearly enough again. */
enum pause_verdict pause_judge(const struct budget *budget, const struct pool_entry *me,
                               const struct pool_entry *others, size_t n, int64_t now_ns);

#endif
