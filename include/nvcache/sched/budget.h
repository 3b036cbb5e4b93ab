#ifndef NVCACHE_SCHED_BUDGET_H
#define NVCACHE_SCHED_BUDGET_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* How much memory this process and its children may still use: what the kernel says is
 * available, and what every cgroup on our path (v1 and v2) leaves, whichever is least.
 *
 * Reading it takes one pass over /proc/meminfo and one to four small files for each
 * cgroup: less than 0.1 ms.  Nothing is remembered, because other programs come and go,
 * but where our cgroups are: /proc/self/mountinfo alone takes the kernel longer. */

/* NVCACHE_MEMORY: a percentage (1 to 100), or a number of bytes. */
#define BUDGET_AUTOMATIC 0
#define BUDGET_OFF       UINT64_MAX

struct budget {
    uint64_t total_bytes;     /* what there would be if nothing else ran: MemTotal, the
                                 least limit, or NVCACHE_MEMORY */
    uint64_t available_bytes; /* what there is now; file cache that the kernel would give
                                 up counts, headroom does not */
    uint64_t headroom_bytes;  /* never to be promised: a tenth, from 512 MiB to 4 GiB */
    uint64_t cap_bytes;       /* all compiles together: NVCACHE_MEMORY, else UINT64_MAX */
    uint64_t domain; /* equal for processes with the same limits on the same boot */
    bool is_limited; /* a cgroup has less than the machine */
    bool is_pressed; /* tasks lose a fifth of their time waiting for memory (PSI) */
};

/* Where this process's memory is accounted for.  One that is moved to other cgroups later
 * is still judged by these.  May be used by several threads. */
struct budget_source;

/* `root` is put in front of every path ("" for the real ones; tests give a made-up tree),
 * and must live as long.  NULL: no memory. */
struct budget_source *budget_source_new(const char *root);
void budget_source_free(struct budget_source *source); /* may be NULL */

/* ERR_IO: /proc/meminfo cannot be understood; everything else that cannot be read counts
 * as not there. */
NVC_NODISCARD enum nvc_status budget_read(const struct budget_source *source,
                                          uint64_t setting, struct budget *out);

/* The same, once. */
NVC_NODISCARD enum nvc_status budget_read_once(uint64_t setting, struct budget *out);

/* How many processes the kernel has killed for want of memory in our cgroup (v2: and
 * those below it), or where that cannot be read, on this machine.  Only differences mean
 * anything. 0 when nothing can be read. */
uint64_t budget_oom_kills(const struct budget_source *source);

#endif
