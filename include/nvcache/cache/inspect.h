#ifndef NVCACHE_CACHE_INSPECT_H
#define NVCACHE_CACHE_INSPECT_H

#include "nvcache/store/store.h"

#include <stdbool.h>

/* Can this stored value be used for what its key says it is?  Decodes it whole, a
 * result's outputs included.  Records of unknown kinds and of other versions (of another
 * nvcache that shares the cache) pass.  A store_checker for store_verify; `arg` is not
 * used. */
bool inspect_record(const struct record_key *key, struct store_value value, void *arg);

#endif
