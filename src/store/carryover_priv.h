#ifndef NVCACHE_STORE_CARRYOVER_PRIV_H
#define NVCACHE_STORE_CARRYOVER_PRIV_H

#include "store_priv.h"

/* Under the exclusive lock: copy the good records of the second newest generation into
 * the newest and discard it, if it is small.  What cannot be copied stays where it is. */
void carryover_run(struct store *store);

#endif
