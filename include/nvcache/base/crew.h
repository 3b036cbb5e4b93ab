#ifndef NVCACHE_BASE_CREW_H
#define NVCACHE_BASE_CREW_H

#include "nvcache/base/process.h"

#include <stddef.h>

/* Several programs side by side, as process_run is for one: the same rules for signals,
 * descriptors and streams.  One crew at a time, used by one thread; process_run must not
 * be called between crew_begin and crew_end. */

#define CREW_MAX 64

struct arena;
struct crew;

/* Lives in the arena; from here to crew_end the signals are ours. */
__attribute__((returns_nonnull)) struct crew *crew_begin(struct arena *arena);

/* Start a program.  `spec` and what it points to, and `result`, must stay valid until
 * crew_wait has returned `id`; the caller owns result->out and ->err also on failure.
 * ERR_LIMIT when CREW_MAX run; ERR_EXEC (errno set). */
NVC_NODISCARD enum nvc_status crew_start(struct crew *crew, unsigned id,
                                         const struct process_spec *spec,
                                         struct process_result *result);

/* How many run. */
size_t crew_size(const struct crew *crew);

/* Wait until one of them has ended; at least one must be running.  Asked to end by a
 * signal (process_signal), passes it on to all of them and goes on waiting. */
unsigned crew_wait(struct crew *crew);

/* Whoever still runs is ended (SIGTERM, then SIGKILL) with all its descendants; its
 * result says SIGTERM. */
void crew_end(struct crew *crew);

#endif
