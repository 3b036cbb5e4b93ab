#ifndef NVCACHE_STORE_LOCK_PRIV_H
#define NVCACHE_STORE_LOCK_PRIV_H

#include "nvcache/base/status.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct lock {
    int fd; /* kept open between uses; -1: not opened */
    bool held;
    sigset_t saved; /* the signal mask from before, while held */
};

struct lock lock_init(void);

#define AUTO_LOCK __attribute__((cleanup(lock_close))) struct lock

enum lock_kind {
    LOCK_SHARED,
    LOCK_EXCLUSIVE
};

/* Open the lock file (created if missing), lock it within `wait_ms`, and make sure that
 * it is still the file of that name.  ERR_LOCK when the time is over; ERR_PERMISSION and
 * the like when the file cannot be opened. */
NVC_NODISCARD enum nvc_status lock_take(struct lock *lock, int dir_fd, const char *name,
                                        int umask, enum lock_kind kind, unsigned wait_ms);

/* The parts of it, for a file that is opened for its own sake. */
int lock_open_file(int dir_fd, const char *name, int umask);
NVC_NODISCARD enum nvc_status lock_wait(struct lock *lock, enum lock_kind kind,
                                        int64_t deadline_ns);
bool lock_is_current(const struct lock *lock, int dir_fd, const char *name);

/* Unlock, keep the descriptor. */
void lock_drop(struct lock *lock);
void lock_close(struct lock *lock);

#endif
