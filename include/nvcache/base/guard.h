#ifndef NVCACHE_BASE_GUARD_H
#define NVCACHE_BASE_GUARD_H

#include "nvcache/base/status.h"

#include <signal.h>
#include <stdbool.h>

/* The crash guard: a fault of ours costs speed, never a build.
 *
 * Armed once by the launcher, it turns SIGSEGV, SIGBUS, SIGFPE, SIGABRT and SIGILL of
 * this process into the fallback: exec the user's own compiler command, or (once the
 * compiler has run) exit with its status.  It is a net, not a design: each firing is
 * logged, and counted through the hook.  Signals are process-wide, so is this state. */

/* What to do when this process cannot go on.  `path` and `argv` must stay valid.  `hook`
 * (may be NULL) runs first, in the signal handler when there is one: it may only make
 * async-signal-safe calls. */
void guard_arm_exec(const char *path, char *const argv[],
                    void (*hook)(enum nvc_status why));

/* From now on the fallback is to exit with `code`. */
void guard_arm_exit(int code);

/* No fallback any more: default signal actions. */
void guard_disarm(void);

/* The mask of a thread that takes no signals but those above: a fault whose signal is
 * blocked ends the process. */
void guard_block_others(sigset_t *out);

/* Take the fallback.  Without one (not armed), print a line and abort. */
_Noreturn void guard_give_up(enum nvc_status why);

/* Run fn(arg); return 0, or the number of the fatal signal that ended it.  After a signal
 * the memory fn was working on is in an unknown state: the caller must not touch it
 * again. Calls may not nest.  Only faults of this very thread are caught.  Works whether
 * or not the guard is armed. NVCACHE_GUARD=0 in the environment turns this and the
 * handlers off (for sanitizers). */
NVC_NODISCARD int guard_call(void (*fn)(void *arg), void *arg);

/* End the running guard_call from inside with this signal number (LMDB's assert hook). */
_Noreturn void guard_escape(int signal_number);

#endif
