/* Making the store smaller on request: clear and trim.  Both only rename under the lock
 * and unlink afterwards; both work without LMDB, so also on a store LMDB crashed on.
 *
 * The oldest generation always goes first: if this is killed half way, the highest number
 * is still the one that takes writes. Statistics are not touched. */

#include "store_priv.h"

#include "catalog_priv.h"
#include "generation_priv.h"

#include <unistd.h>

static enum nvc_status
shrink(struct store *store, uint64_t max_bytes)
{
    enum nvc_status st;

    if (store->read_only)
        return NVC_ERR_PERMISSION;
    st = store_begin(store);
    if (st == NVC_OK && store->directory.fd < 0)
        return NVC_OK;
    if (st == NVC_OK)
        st = store_lock(store, LOCK_EXCLUSIVE);
    if (st != NVC_OK)
        return st;
    st = catalog_load(store);
    if (st == NVC_OK)
        st = generation_evict(store, max_bytes, 0);
    if (st == NVC_OK && max_bytes == 0)
        unlinkat(store->directory.fd, CATALOG_BAD, 0);
    store_unlock(store);
    catalog_sweep(store);
    return st;
}

enum nvc_status
store_clear(struct store *store)
{
    return shrink(store, 0);
}

enum nvc_status
store_trim(struct store *store, uint64_t max_bytes)
{
    return shrink(store, max_bytes);
}
