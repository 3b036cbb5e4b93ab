#ifndef NVCACHE_SCHED_LEASE_H
#define NVCACHE_SCHED_LEASE_H

#include "nvcache/base/status.h"
#include "nvcache/digest/checksum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A lease on memory: taken before a compile, held while it runs, given back after it.
 *
 *     st = lease_take(&spec, &lease, &facts);        waits
 *     ... compile with at most facts.lanes chains at once ...
 *     lease_release(lease, st, wall_us);             remembers what it needed
 *
 * While it is held, a thread of ours adds up the memory of all descendants of this
 * process (however they were started) and says so in the table (pool.h), at first every
 * 20 ms, later every 250 ms.  What is added up is resident memory less file and shared
 * pages, from /proc/PID/statm: 0.2 ms for a tree of six.  (Proportional set size would
 * tell shared pages apart too, but costs the kernel a walk over all pages: some 10 ms per
 * GiB with the process's memory locked.)  The largest single process is known exactly,
 * from the kernel, when it has ended.
 *
 * When memory gets short although everybody was admitted (compiles need their peak at the
 * same time, or more than was expected), the same thread stops the processes of those
 * that are not next (SIGSTOP) until another has had its peak, and as the last resort ends
 * the youngest.  A launcher that is killed by SIGKILL meanwhile leaves its processes
 * stopped; under ninja, where each command has its own process group, the kernel ends
 * them (SIGHUP), under make when make has ended.
 *
 * All failures mean: no waiting, go on.  One lease per process. */

struct lease;

/* What can be told of a unit that was never compiled. */
struct lease_guess {
    uint64_t bytes; /* one chain of it at most */
    uint64_t class; /* units of a project that are alike */
};

/* Waiting, to be told to the user. */
struct lease_news {
    const char *label;
    uint64_t need_bytes;
    uint64_t free_bytes;
    uint64_t total_bytes;
    size_t running; /* compiles that hold memory now */
    int64_t waited_ns;
    bool is_first;  /* else a heartbeat */
    bool is_paused; /* it has begun, and is stopped; waited_ns is since then */
};

struct lease_spec {
    const char *root;         /* of /proc and cgroups: "" */
    uint64_t setting;         /* NVCACHE_MEMORY (budget.h) */
    const char *shared_dir;   /* see pool_directory */
    int umask;                /* for pool and history; -1: the owner's only */
    const char *history_path; /* NULL: none is kept */
    bool is_read_only;        /* the history */

    const char *label;        /* the source, for others to see */
    struct checksum unit;     /* source, options class, architectures */
    struct checksum unit_any; /* without the architectures */
    struct checksum project;
    unsigned lanes;      /* compile chains at once, at least 1 */
    bool may_lower;      /* fewer are acceptable */
    bool may_begin_anew; /* the caller looks at lease_was_set_back */

    /* Called when the unit is not known.  */
    void (*guess)(void *arg, struct lease_guess *out);
    /* Called after some seconds of waiting, then each minute, at the head of the queue
     * only; where nobody waits, each minute for the one that was stopped first, by
     * another thread.  NULL: silence. */
    void (*tell)(void *arg, const struct lease_news *news);
    void *arg; /* for both */
};

struct lease_facts {
    bool has_waited;
    bool was_told; /* the user has been told of waiting */
    int64_t waited_ns;
    unsigned lanes;       /* to be used: spec.lanes, or fewer */
    uint64_t need_bytes;  /* what it is expected to need */
    uint64_t total_bytes; /* what there would be at most */
};

/* Wait for memory.  `spec` must live as long as the lease.  ERR_POOL, ERR_POOL_FULL,
 * ERR_IO: there is no admission here; *out is NULL then, for which the functions below do
 * nothing. Signals keep their meaning: an interrupted wait ends the process. */
NVC_NODISCARD enum nvc_status lease_take(const struct lease_spec *spec,
                                         struct lease **out, struct lease_facts *facts);

/* Did the kernel kill somebody of our cgroup (where that cannot be read: of this machine)
 * for want of memory since the lease was taken? */
bool lease_saw_oom(const struct lease *lease);

/* After such a kill: remember that it needs more, and wait until nobody else runs; then
 * nobody may start until the lease is given back.  One chain is to be used. */
void lease_retake_alone(struct lease *lease, struct lease_facts *facts);

/* Has the compile been ended (SIGKILL to all of it), to give its memory to another
 * that could not go on otherwise?  False for NULL. */
bool lease_was_set_back(struct lease *lease);

/* After that: wait until there is memory again.  One that was set back before waits until
 * nobody else runs. */
void lease_retake(struct lease *lease, struct lease_facts *facts);

/* How long its processes have been stopped so far, until it is given back.  0 for NULL.
 */
int64_t lease_paused_ns(struct lease *lease);

/* Give it back.  `has_succeeded`: what was measured is remembered; a compile that failed
 * says nothing about the next.  Frees the lease; returns what the tree used at most. */
uint64_t lease_release(struct lease *lease, bool has_succeeded, uint64_t wall_us);

#endif
