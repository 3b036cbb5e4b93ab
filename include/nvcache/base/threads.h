#ifndef NVCACHE_BASE_THREADS_H
#define NVCACHE_BASE_THREADS_H

#include <stddef.h>
#include <stdint.h>

/* Work that several threads share.  Only for what can neither fail nor ask for memory of
 * an arena; a fault in a helper is not caught by guard_call, but ends in the guard's
 * fallback as outside of it. */

#define THREADS_HELPERS_MAX 3

/* How many helpers `amount` of work is worth: one for each `per_helper`, at most
 * THREADS_HELPERS_MAX and as many as there are processors with nothing to do.  Where many
 * start at once (a build in which all hits), nobody takes what the others need. */
size_t threads_worth(uint64_t amount, uint64_t per_helper);

/* Call work(arg) at the same time in this thread and in `n` helpers, at most
 * THREADS_HELPERS_MAX.  Each call takes what others have not taken, until nothing is
 * left: the rest of the work is also done when no helper can be started.  Helpers take no
 * signal, have a small stack (256 KiB) and are gone when this returns. */
void threads_share(void (*work)(void *arg), void *arg, size_t n);

/* close(fd) where the kernel takes long for it, without waiting.  (A process does not end
 * before it is done.) */
void threads_close(int fd);

#endif
