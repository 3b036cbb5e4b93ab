#ifndef NVCACHE_STORE_TREECHECK_PRIV_H
#define NVCACHE_STORE_TREECHECK_PRIV_H

#include "metapage_priv.h"

#include "nvcache/entry/record.h"

#include <stdbool.h>

/* Whether LMDB can add `key` without stumbling: every page it will read for that is
 * whole. The exclusive lock is held; `meta` is of the same file. */
bool treecheck_may_add(int fd, const struct metapage *meta, const struct record_key *key);

#endif
