#ifndef NVCACHE_CACHE_MEMORY_PRIV_H
#define NVCACHE_CACHE_MEMORY_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/sched/lease.h"

#include <stdbool.h>
#include <stdint.h>

struct process_result;
struct session;

/* What the session knows of its memory. */
struct memory {
    struct lease_spec spec;
    struct lease *lease; /* NULL: none is held */
    struct lease_facts facts;
    bool is_retry;                           /* alone, after a kill */
    const struct process_result *killed_run; /* set by whoever runs again: what it
                                                printed is on the screen */
};

/* Does a command that is passed through for this reason really compile? */
bool memory_matters(enum nvc_status reason);

/* Wait until the compile may start.  Below another nvcache, which holds a lease for all
 * of its tree, and with NVCACHE_MEMORY=off nothing happens.  True if time has passed:
 * what was looked at before may be old.  `may_begin_anew`: what the compile prints
 * is kept, so that it can be ended for another's sake and nobody sees it twice. */
bool memory_admit(struct session *session, bool may_begin_anew);

/* The command to run: the user's, with as many threads as there is memory for. */
char **memory_argv(const struct session *session);

/* Was this run killed for want of memory, so that it should be run again?  Then wait,
 * until nobody else compiles if the kernel killed it; at most three times. */
bool memory_rescue(struct session *session, const struct process_result *first);

/* After a run that did not succeed: was it ended by ourselves for another one's sake?
 * Then wait until it may begin anew. */
bool memory_begin_anew(struct session *session);

/* Give the lease back and count what happened.  `last`: the last run; NULL: none could be
 * started. */
void memory_release(struct session *session, const struct process_result *last);

/* How much a unit will need that nobody has compiled yet, from the names of its headers.
 */
void memory_guess(void *session, struct lease_guess *out);

#endif
