#ifndef NVCACHE_BASE_SCRATCH_H
#define NVCACHE_BASE_SCRATCH_H

#include "nvcache/base/status.h"

#include <stddef.h>

struct arena;

/* A private directory for the files of one run, and the removal of those whose owners
 * were killed before they could remove them.
 *
 *     AUTO_SCRATCH scratch = SCRATCH_INIT;
 *     st = scratch_open(&scratch, arena);
 *     ... files in scratch.path, programs that use them ...
 *
 * It lies in TMPDIR if that is an absolute path, else in /tmp.  Its owner holds a flock
 * on the directory itself through a descriptor that is *not* close-on-exec: programs
 * started meanwhile inherit the lock, so a directory is abandoned only when its owner and
 * every program it started are gone, whatever killed them and in whatever PID namespace
 * they ran.  One that cannot be locked (no descriptor left, no locks on that file system)
 * works all the same, under a name that is never swept.  Until it is closed, signals that
 * ask us to end are held (process_hold_signals). */
struct scratch {
    char *path; /* in the arena; NULL: there is none */
    int lock;
};

#define SCRATCH_INIT                                                                     \
    {                                                                                    \
        NULL, -1                                                                         \
    }
#define AUTO_SCRATCH __attribute__((cleanup(scratch_close))) struct scratch

/* Mode 0700, 64 random bits in its name.  What mkdir and getrandom can say; ERR_BUSY:
 * others took it for abandoned each time.  On failure scratch->path is NULL. */
NVC_NODISCARD enum nvc_status scratch_open(struct scratch *scratch, struct arena *arena);

/* Remove it with all that is in it. */
void scratch_close(struct scratch *scratch);

/* Remove abandoned directories of our own user in the place where scratch_open makes
 * them: looks at no more than SCRATCH_SWEEP_NAMES names there and removes no more than
 * SCRATCH_SWEEP_MOST directories.  How many it removed; failures are passed over. */
enum {
    SCRATCH_SWEEP_NAMES = 4096,
    SCRATCH_SWEEP_MOST = 16
};
size_t scratch_sweep(void);

#endif
