/* A machine that is restarted every day would begin a generation every day and fill its
 * cache directory with small files, each of which costs every lookup a few microseconds.
 * So a small generation of an earlier boot is copied into the one that replaces it.
 *
 * Only records that open are copied; the old file goes when all of them have arrived, so
 * being killed here leaves records twice and loses none. */

#include "carryover_priv.h"

#include "catalog_priv.h"
#include "reader_priv.h"
#include "writer_priv.h"

#include "nvcache/base/log.h"

#include <inttypes.h>

/* Copying is done under the lock, so it must be over in a moment. */
#define LARGEST ((uint64_t)64 << 20)

static enum nvc_status
copy_batch(struct store *store, const struct reader_walk *walk, struct writer *writer)
{
    for (size_t i = 0; i < walk->n; i++) {
        const struct reader_item *const item = &walk->items[i];
        struct store_value value = {NULL, 0};
        enum nvc_status st = reader_open_record(store, &item->key, item->record, &value);

        if (st == NVC_OK)
            st = writer_add(writer, &item->key, value.data, value.len);
        else if (st != NVC_ERR_CRASH)
            st = NVC_OK; /* a damaged record is left behind */
        if (st != NVC_OK)
            return st;
    }
    return NVC_OK;
}

static enum nvc_status
copy_all(struct store *store, struct generation *from)
{
    struct reader_walk *const walk = arena_alloc(&store->session, sizeof(*walk));
    AUTO_WRITER writer = WRITER_INIT;
    enum nvc_status st;

    st = writer_open(store, store->generations[0], NULL, from->size, &writer);
    while (st == NVC_OK && !walk->done) {
        st = reader_next(store, from, walk);
        if (st == NVC_OK)
            st = copy_batch(store, walk, &writer);
    }
    return st;
}

void
carryover_run(struct store *store)
{
    const uint64_t half_part = store->max_bytes / STORE_PARTS / 2;
    struct generation *from;
    enum nvc_status st;

    if (store->n_generations < 2)
        return;
    from = store->generations[1];
    if (from->size > LARGEST || from->size > half_part)
        return;
    st = copy_all(store, from);
    log_event("store.carryover", "generation=%" PRIu64 " result=%s", from->number,
              status_word(st));
    if (st == NVC_OK && catalog_discard(store, 1) != NVC_OK)
        log_event("store.carryover", "result=not_discarded");
}
