/* The store as other rooms see it: opening, finding, adding, promoting.
 *
 * What is found damaged is a miss here and is put right on the way out; what LMDB crashed
 * on ends its use in this process.  A waiting time is spent once per process, however
 * many records are asked for; after store_release the lock is tried again, without
 * waiting.
 *
 * Must never leave a lock held, a signal blocked or an environment open behind a failure.
 */

#include "store_priv.h"

#include "absence_priv.h"
#include "catalog_priv.h"
#include "generation_priv.h"
#include "reader_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the other files of this room use ---- */

char *
store_path(struct store *store, const char *name)
{
    return arena_printf(&store->session, "%s/" DIRECTORY_SUBDIR "/%s", store->dir, name);
}

enum nvc_status
store_begin(struct store *store)
{
    if (store->directory.fd >= 0)
        return NVC_OK;
    return directory_open(store->dir, store->umask, !store->read_only, &store->directory);
}

/* Without a lock file and without the right to make one, nobody writes here. */
static bool
may_read_unlocked(const struct store *store, enum nvc_status st)
{
    return st == NVC_ERR_PERMISSION && !store->directory.writable && store->lock.fd < 0;
}

enum nvc_status
store_lock(struct store *store, enum lock_kind kind)
{
    const bool shared = kind == LOCK_SHARED;
    const unsigned wait_ms = shared ? store->read_wait_ms : store->write_wait_ms;
    bool *const gave_up = shared ? &store->read_gave_up : &store->write_gave_up;
    bool *const waited = shared ? &store->read_waited : &store->write_waited;
    enum nvc_status st;

    if (*gave_up)
        return NVC_ERR_LOCK;
    st = lock_take(&store->lock, store->directory.fd, STORE_LOCK_NAME, store->umask, kind,
                   *waited ? 0 : wait_ms);
    if (st == NVC_ERR_LOCK) {
        *gave_up = true;
        *waited = true;
        store->damage.lock_waits++;
    }
    if (shared && may_read_unlocked(store, st))
        return NVC_OK;
    return st;
}

void
store_unlock(struct store *store)
{
    lock_drop(&store->lock);
}

/* ---- opening and closing ---- */

enum nvc_status
store_open(const struct store_config *config, struct store **out)
{
    struct store *const store = calloc(1, sizeof(*store));
    enum nvc_status st;

    if (store == NULL)
        return NVC_ERR_NOMEM;
    store->dir = strdup(config->dir);
    store->max_bytes = config->max_bytes;
    store->umask = config->umask;
    store->read_wait_ms = config->read_wait_ms;
    store->write_wait_ms = config->write_wait_ms;
    store->read_only = config->read_only;
    store->directory = (struct directory)DIRECTORY_INIT;
    store->lock = lock_init();
    st = store->dir != NULL ? store_begin(store) : NVC_ERR_NOMEM;
    if (st != NVC_OK) {
        store_close(store);
        return st;
    }
    store->read_only = store->read_only || !store->directory.writable;
    *out = store;
    return NVC_OK;
}

void
store_release(struct store *store)
{
    for (struct generation *next, *at = store->retired; at != NULL; at = next) {
        next = at->next;
        reader_close(store, at);
    }
    for (size_t i = 0; i < store->n_generations; i++)
        reader_close(store, store->generations[i]);
    store->retired = NULL;
    store->generations = NULL;
    store->n_generations = 0;
    store->promotions = NULL;
    store->listed = false;
    store->has_damage = false;
    store->read_gave_up = false;
    store->write_gave_up = false;
    lock_close(&store->lock);
    directory_close(&store->directory);
    arena_fini(&store->session);
}

void
store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_release(store);
    free(store->dir);
    free(store);
}

bool
store_is_read_only(const struct store *store)
{
    return store->read_only;
}

void
store_set_memo(struct store *store, struct memo *memo)
{
    store->memo = memo;
}

void
store_get_damage(const struct store *store, struct store_damage *out)
{
    *out = store->damage;
}

/* ---- reading ---- */

/* Eviction is near when the files up to this one fill three quarters of the limit. */
static bool
is_near_eviction(struct store *store, size_t index)
{
    uint64_t sum = 0;

    for (size_t i = 0; i <= index; i++)
        sum += catalog_size(store, store->generations[i]);
    return index > 0 && sum > store->max_bytes / 4 * 3;
}

static void
remember(struct store *store, const struct record_key *key, struct store_value value)
{
    struct promotion *promotion;

    for (promotion = store->promotions; promotion != NULL; promotion = promotion->next)
        if (promotion->value.data == value.data)
            return;
    promotion = arena_alloc(&store->session, sizeof(*promotion));
    promotion->key = *key;
    promotion->value = value;
    promotion->next = store->promotions;
    store->promotions = promotion;
}

static enum nvc_status
get_from(struct store *store, struct generation *generation, const struct record_key *key,
         struct store_value *out)
{
    struct store_value record = {NULL, 0};
    enum nvc_status st;

    st = reader_find(store, generation, key, &record);
    if (st != NVC_OK)
        return st;
    st = reader_open_record(store, key, record, out);
    if (st == NVC_ERR_CRASH) {
        generation->damaged = true;
        store->has_damage = true;
    } else if (st != NVC_OK) {
        store->damage.records++;
        st = NVC_ERR_CORRUPT;
    }
    return st;
}

static enum nvc_status
get_newest(struct store *store, const struct record_key *key, struct store_value *out)
{
    struct absence absence = absence_begin(store, key);
    enum nvc_status worst = NVC_MISS;

    for (size_t i = 0; i < store->n_generations; i++) {
        struct generation *const generation = store->generations[i];
        enum nvc_status st;

        if (absence_covers(&absence, generation))
            continue;
        st = get_from(store, generation, key, out);
        if (st == NVC_OK) {
            absence_end(store, &absence, generation);
            if (is_near_eviction(store, i))
                remember(store, key, *out);
        }
        absence_pass(&absence, generation);
        if (st == NVC_OK || st == NVC_ERR_CRASH)
            return st;
        /* A file that was damaged is counted by itself and otherwise not there. */
        if (st != NVC_MISS && st != NVC_ERR_GENERATION)
            worst = st;
    }
    return worst;
}

static enum nvc_status
begin_reading(struct store *store)
{
    enum nvc_status st;

    if (store->crashed)
        return NVC_ERR_CRASH;
    st = store_begin(store);
    return st == NVC_OK ? catalog_ensure(store) : st;
}

enum nvc_status
store_get(struct store *store, const struct record_key *key, struct store_value *out)
{
    enum nvc_status st;

    st = begin_reading(store);
    if (st != NVC_OK)
        return st;
    st = get_newest(store, key, out);
    generation_mend(store);
    return st;
}

/* ---- writing ---- */

static enum nvc_status
begin_writing(struct store *store)
{
    enum nvc_status st;

    if (store->read_only)
        return NVC_ERR_PERMISSION;
    st = store_begin(store);
    if (st != NVC_OK)
        return st;
    return store->directory.fd >= 0 ? store_lock(store, LOCK_EXCLUSIVE)
                                    : NVC_ERR_PERMISSION;
}

static void
end_writing(struct store *store)
{
    store_unlock(store);
    catalog_sweep(store);
}

enum nvc_status
store_put(struct store *store, const struct record_key *key, const void *payload,
          size_t len)
{
    enum nvc_status st;

    if (store->crashed)
        return NVC_ERR_CRASH;
    if (len > RECORD_PAYLOAD_MAX ||
        record_size(key, len) > store->max_bytes / STORE_PARTS / 2)
        return NVC_ERR_LIMIT;
    st = begin_writing(store);
    if (st != NVC_OK)
        return st;
    st = catalog_load(store);
    if (st == NVC_OK)
        st = generation_write(store, key, payload, len);
    generation_mend(store);
    end_writing(store);
    return st;
}

void
store_promote(struct store *store)
{
    const unsigned wait_ms = store->write_wait_ms;
    enum nvc_status st = NVC_OK;

    /* Nobody should wait for this as for a new result. */
    store->write_wait_ms = store->read_wait_ms;
    for (const struct promotion *at = store->promotions; at != NULL && st == NVC_OK;
         at = at->next)
        st = store_put(store, &at->key, at->value.data, at->value.len);
    store->write_wait_ms = wait_ms;
    store->promotions = NULL;
}
