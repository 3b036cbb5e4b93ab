#ifndef NVCACHE_SCHED_POOL_H
#define NVCACHE_SCHED_POOL_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The table of everybody who compiles or waits to, on this machine and under one budget.
 *
 * It is a small file of POOL_SLOTS entries.  An entry is its owner's alone while he holds
 * a lock on one byte that stands for it (an open-file-description lock, F_OFD_SETLK: it
 * belongs to the open file, so no process of another PID namespace is mistaken for us).
 * The kernel takes the lock away when the owner's process ends, however it ends: so an
 * entry counts exactly as long as its lock is held, and nothing has ever to be cleaned
 * up.  The contents are only what the owner says about himself.
 *
 * Everybody writes his own entry and reads the others'; each is written in one go and has
 * a checksum, so that nobody needs a lock to look.  Those who decide take turns at the
 * *gate*, one more such byte, held for microseconds; a gate that cannot be had in a
 * second (its holder was stopped) is passed without.
 *
 * The file's name has the budget's domain in it (budget.h): those who share a limit share
 * a table.  It is kept in a directory that is local to the machine and, if it can be, in
 * memory: pool_directory. */

#define POOL_SLOTS     512
#define POOL_LABEL_MAX 104

/* The number is the version of the entries' format. */
#define POOL_FILE_PREFIX "pool-v2-"

enum pool_state {
    POOL_WAITING = 1,
    POOL_RUNNING = 2,
};

/* What one process says about itself.  Times are of the clock that only moves forward,
 * which all processes of a machine share. */
struct pool_entry {
    uint32_t state;
    uint32_t pid; /* in its own PID namespace: to be shown, not to be used */
    int64_t arrived_ns;
    int64_t started_ns; /* when it was admitted; 0 while it waits */
    int64_t beat_ns;    /* when it last wrote: an old one is a stopped process */
    uint64_t need_bytes;
    uint64_t now_bytes;
    uint64_t peak_bytes;
    uint64_t expected_us;       /* how long it took the last time; 0: not known */
    uint16_t lanes;             /* compile chains at once (--threads) */
    uint8_t is_alone;           /* wants nobody beside it, and nobody may start */
    uint8_t may_pause;          /* its processes can be stopped */
    uint8_t may_begin_anew;     /* they can be ended without anybody noticing */
    uint8_t is_paused;          /* they are, until another compile has had its peak */
    char label[POOL_LABEL_MAX]; /* the source's name */
};

struct pool;

/* The directory for the table, made if it is missing, as text into out.  First that can
 * be used of: `shared_dir` (a cache directory that a group shares; NULL: not shared),
 * $XDG_RUNTIME_DIR, /run/user/UID, /dev/shm, /tmp; in the last four a directory of our
 * own that nobody else can write to.  `umask` is for shared_dir. */
NVC_NODISCARD enum nvc_status pool_directory(const char *shared_dir, int umask, char *out,
                                             size_t size);

/* Open or make the table of `domain` in `dir`.  ERR_POOL: it cannot be used (errno tells;
 * file systems without these locks).  One pool per process; its functions may be called
 * by several threads, except pool_close. */
NVC_NODISCARD enum nvc_status pool_open(const char *dir, uint64_t domain, int umask,
                                        struct pool **out);
/* The same for a file that is there, by its path, only to look. */
NVC_NODISCARD enum nvc_status pool_open_file(const char *path, struct pool **out);
/* Gives back what was claimed.  NULL is allowed. */
void pool_close(struct pool *pool);

/* Take a free entry.  ERR_POOL_FULL: there is none. */
NVC_NODISCARD enum nvc_status pool_claim(struct pool *pool);
/* Say about ourselves; needs pool_claim.  A failure is not reported: the next one may
 * succeed, and the lock is what counts. */
void pool_say(struct pool *pool, const struct pool_entry *entry);

/* Everybody else's entries, oldest arrival first.  An entry whose contents are damaged,
 * or not yet written, is left out.  `out` has room for POOL_SLOTS. */
size_t pool_look(struct pool *pool, struct pool_entry *out);

/* Wait for the gate, at most a second.  False: not got, go on without. */
bool pool_enter_gate(struct pool *pool);
void pool_leave_gate(struct pool *pool);

/* The order of the queue.  A compile that is known to take long counts as having arrived
 * by so much earlier (ten minutes at most), so that it is not the last to end when many
 * arrive together.  Equals by process id. */
bool pool_is_before(const struct pool_entry *a, const struct pool_entry *b);

/* An owner that has not said anything for so long is stopped or thrashing. */
#define POOL_STALE_NS INT64_C(15000000000)
bool pool_is_stale(const struct pool_entry *entry, int64_t now_ns);

#endif
