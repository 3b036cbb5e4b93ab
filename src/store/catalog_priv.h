#ifndef NVCACHE_STORE_CATALOG_PRIV_H
#define NVCACHE_STORE_CATALOG_PRIV_H

#include "store_priv.h"

/* The list of generations: store->generations. */

/* The last number that has a name. */
#define CATALOG_LAST 9999999999

/* "g0000000042.mdb" */
void catalog_name(uint64_t number, char out[GENERATION_NAME]);

/* Read the directory again.  Generations that are still there keep their environments,
 * those that are not are retired. */
NVC_NODISCARD enum nvc_status catalog_load(struct store *store);
/* Unless it was read since the last release or write. */
NVC_NODISCARD enum nvc_status catalog_ensure(struct store *store);

/* Bytes, when it was last looked at; that is done now if it never was. */
uint64_t catalog_size(const struct store *store, struct generation *generation);
/* Look at all; returns their sum. */
uint64_t catalog_measure(struct store *store);

#define CATALOG_BAD "bad-generation.mdb"

/* Rename a generation to its trash name, to be unlinked by catalog_sweep(); or to
 * CATALOG_BAD, of which one is kept for whoever wants to know.  Forget it. */
NVC_NODISCARD enum nvc_status catalog_discard(struct store *store, size_t index);
NVC_NODISCARD enum nvc_status catalog_set_aside(struct store *store, size_t index);

/* Unlink what was renamed to trash, by whomever.  Called without the lock. */
void catalog_sweep(struct store *store);

#endif
