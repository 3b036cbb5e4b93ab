#ifndef NVCACHE_BASE_THREADS_H
#define NVCACHE_BASE_THREADS_H

#include <stddef.h>
#include <stdint.h>

/* Work that several threads share.  Only for what can neither fail nor ask for memory of
 * an arena; a fault in a helper is not caught by guard_call, but ends in the guard's
 * fallback as outside of it. */

#define THREADS_HELPERS_MAX 3

/* Call work(arg) at the same time in this thread and in as many helpers as `amount` of
 * work is worth, one for each `per_helper`, at most THREADS_HELPERS_MAX and one less than
 * there are processors.  Each call takes what others have not taken, until nothing is
 * left: the rest of the work is also done when no helper can be started.  Helpers take no
 * signal, have a small stack (256 KiB) and are gone when this returns. */
void threads_share(void (*work)(void *arg), void *arg, uint64_t amount,
                   uint64_t per_helper);

#endif
