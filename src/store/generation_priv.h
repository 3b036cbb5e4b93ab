#ifndef NVCACHE_STORE_GENERATION_PRIV_H
#define NVCACHE_STORE_GENERATION_PRIV_H

#include "store_priv.h"

/* What happens to generations: begun, written, evicted, set aside.  The exclusive lock is
 * held by the caller, except for generation_mend. */

/* Add a record to the active generation, beginning another one and dropping old ones as
 * necessary.  Results as store_put. */
NVC_NODISCARD enum nvc_status generation_write(struct store *store,
                                               const struct record_key *key,
                                               const void *payload, size_t len);

/* Drop the oldest generations until at most `max_bytes` are left, but never the last
 * `keep`. */
NVC_NODISCARD enum nvc_status generation_evict(struct store *store, uint64_t max_bytes,
                                               size_t keep);

/* Set aside what was marked as damaged, after looking again.  Takes the lock; what cannot
 * be done is left for another process. */
void generation_mend(struct store *store);

#endif
