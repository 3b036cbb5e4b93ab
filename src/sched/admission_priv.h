#ifndef NVCACHE_SCHED_ADMISSION_PRIV_H
#define NVCACHE_SCHED_ADMISSION_PRIV_H

#include "estimate_priv.h"
#include "nvcache/sched/budget.h"
#include "nvcache/sched/lease.h"
#include "nvcache/sched/pool.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether a compile may start now: a question about the budget and the table, answered
 * without looking at anything else, so that it can be tested. */

struct verdict {
    unsigned lanes;      /* 0: not now; else with so many compile chains at once */
    bool is_certain;     /* true even if what the others said about themselves is old */
    size_t ahead;        /* how many wait before us */
    size_t running;      /* live compiles */
    uint64_t free_bytes; /* what could be promised now */
};

/* `me` waits; `others` are sorted by arrival.  `may_lower`: fewer chains than
 * me->lanes are acceptable. */
struct verdict admission_judge(const struct budget *budget, const struct pool_entry *me,
                               const struct estimate *estimate, bool may_lower,
                               const struct pool_entry *others, size_t n, int64_t now_ns);

/* Who asks, for what. */
struct request {
    const struct lease_spec *spec;
    struct budget_source *source;
    struct history *history; /* may be NULL */
    struct guessed guessed;
    struct estimate estimate;
    struct pool_entry entry; /* what the table says of us */
};

/* Wait until the compile may start; the entry becomes POOL_RUNNING in the table with the
 * lanes and the need it was admitted with.  While it waits, the estimate follows what
 * others' compiles have shown.  ERR_IO: the budget cannot be read any more; go on. */
NVC_NODISCARD enum nvc_status admission_wait(struct pool *pool, struct request *request,
                                             struct lease_facts *facts);

#endif
