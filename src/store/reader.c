/* One generation, read only.  A sealed one (a newer exists) never changes, so it is read
 * without a lock; of the active one the tree is read under the shared lock, and large
 * values are used after it was dropped: pages of a value are never freed, because nothing
 * is ever deleted.  Small values lie inside tree pages, which are reused: they are copied
 * out under the lock.
 *
 * Must never call LMDB outside the guard, and never map a file that genfile.c has not
 * judged. */

#include "reader_priv.h"

#include "catalog_priv.h"
#include "engine_priv.h"
#include "genfile_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"

#include <errno.h>
#include <string.h>

/* LMDB raises it to the size of the file. */
#define SMALLEST_MAP 4096

/* ---- environments ---- */

struct open_call {
    int fd;
    const char *path;
    MDB_env *env;
    MDB_txn *txn;
    int code;
};

static void
run_open(void *arg)
{
    const unsigned flags = MDB_RDONLY | MDB_NOTLS;
    struct open_call *const call = arg;
    MDB_dbi dbi;

    call->code = engine_open(call->fd, call->path, SMALLEST_MAP, flags, &call->env);
    if (call->code != 0)
        return;
    call->code = mdb_txn_begin(call->env, NULL, MDB_RDONLY, &call->txn);
    if (call->code == 0)
        call->code = mdb_dbi_open(call->txn, NULL, 0, &dbi);
    if (call->code == 0)
        return;
    mdb_txn_abort(call->txn);
    mdb_env_close(call->env);
}

static enum nvc_status
open_generation(struct store *store, struct generation *generation)
{
    char name[GENERATION_NAME];
    struct open_call call = {.code = 0};
    enum nvc_status st;
    AUTO_FD fd = -1;

    st = genfile_open(store, generation, &fd);
    if (st == NVC_OK)
        st = genfile_examine(fd, generation, NULL);
    if (st != NVC_OK)
        return st;
    catalog_name(generation->number, name);
    call.fd = fd;
    call.path = store_path(store, name);
    if (!engine_call(store, run_open, &call))
        return NVC_ERR_CRASH;
    if (call.code == ENOENT)
        return NVC_MISS;
    if (call.code != 0)
        return engine_status(call.code);
    generation->env = call.env;
    generation->txn = call.txn;
    return NVC_OK;
}

static void
run_close(void *arg)
{
    const struct generation *const generation = arg;

    mdb_txn_abort(generation->txn);
    mdb_env_close(generation->env);
}

void
reader_close(struct store *store, struct generation *generation)
{
    /* What a crash left behind is never touched again. */
    if (generation->env != NULL && !store->crashed &&
        !engine_call(store, run_close, generation))
        log_event("store.close", "result=crash");
    generation->env = NULL;
    generation->txn = NULL;
}

struct renew_call {
    MDB_txn *txn;
    int code;
};

static void
run_renew(void *arg)
{
    struct renew_call *const call = arg;

    mdb_txn_reset(call->txn);
    call->code = mdb_txn_renew(call->txn);
}

/* Somebody wrote past the end of our map.  Values may lie in it, so it stays. */
static void
retire_map(struct store *store, struct generation *generation)
{
    struct generation *const old = arena_alloc(&store->session, sizeof(*old));

    *old = *generation;
    old->next = store->retired;
    store->retired = old;
    generation->env = NULL;
    generation->txn = NULL;
}

static enum nvc_status
renew(struct store *store, struct generation *generation)
{
    struct renew_call call = {generation->txn, 0};

    if (!engine_call(store, run_renew, &call))
        return NVC_ERR_CRASH;
    if (call.code == 0)
        return NVC_OK;
    if (call.code != MDB_MAP_RESIZED)
        return engine_status(call.code);
    retire_map(store, generation);
    return open_generation(store, generation);
}

static void
mark(struct store *store, struct generation *generation, enum nvc_status st)
{
    generation->skip = true;
    if (st != NVC_ERR_GENERATION && st != NVC_ERR_CRASH)
        return;
    generation->damaged = true;
    store->has_damage = true;
}

/* A transaction that sees what the file holds now. */
static enum nvc_status
attach(struct store *store, struct generation *generation)
{
    enum nvc_status st = NVC_OK;

    if (generation->env == NULL)
        st = open_generation(store, generation);
    else if (!generation->final)
        st = renew(store, generation);
    if (st == NVC_OK)
        generation->final = generation->sealed;
    return st;
}

/* ---- calls ---- */

/* fn(arg) on an attached generation, under the lock when it is the active one.  A lock
 * that was held before is still held afterwards: writers read too. */
static enum nvc_status
call_attached(struct store *store, struct generation *generation, void (*fn)(void *arg),
              void *arg)
{
    const bool had_lock = store->lock.held;
    enum nvc_status st = NVC_OK;

    if (generation->skip)
        return NVC_MISS;
    if (!generation->sealed && !had_lock)
        st = store_lock(store, LOCK_SHARED);
    if (st != NVC_OK)
        return st;
    st = attach(store, generation);
    if (st == NVC_OK && !engine_call(store, fn, arg))
        st = NVC_ERR_CRASH;
    if (!had_lock)
        store_unlock(store);
    if (st != NVC_OK)
        mark(store, generation, st);
    return st;
}

/* What LMDB said in a call that did not crash. */
static enum nvc_status
judge(struct store *store, struct generation *generation, int code)
{
    const enum nvc_status st = engine_status(code);

    if (st == NVC_ERR_GENERATION)
        mark(store, generation, st);
    return st;
}

/* Small values of the active generation are copied (see above). */
static struct store_value
keep(struct store *store, const struct generation *generation, const MDB_val *value)
{
    struct store_value kept = {value->mv_data, value->mv_size};

    if (!generation->sealed && kept.len <= generation->page_size) {
        void *const copy = arena_alloc(&store->session, kept.len);

        memcpy(copy, kept.data, kept.len);
        kept.data = copy;
    }
    return kept;
}

struct find_call {
    struct store *store;
    const struct generation *generation;
    const struct record_key *key;
    struct store_value value;
    int code;
};

static void
run_find(void *arg)
{
    struct find_call *const call = arg;
    struct record_key copy = *call->key;
    MDB_val key = {copy.len, copy.bytes};
    MDB_val value;

    call->code = mdb_get(call->generation->txn, ENGINE_DBI, &key, &value);
    if (call->code == 0)
        call->value = keep(call->store, call->generation, &value);
}

enum nvc_status
reader_find(struct store *store, struct generation *generation,
            const struct record_key *key, struct store_value *out)
{
    struct find_call call = {store, generation, key, {NULL, 0}, 0};
    enum nvc_status st;

    st = call_attached(store, generation, run_find, &call);
    if (st != NVC_OK)
        return st;
    st = judge(store, generation, call.code);
    if (st == NVC_OK)
        *out = call.value;
    return st;
}

struct check_call {
    const struct record_key *key;
    struct store_value record;
    const uint8_t *payload;
    size_t len;
    enum nvc_status st;
};

static void
run_check(void *arg)
{
    struct check_call *const call = arg;

    call->st = record_open(call->key, call->record.data, call->record.len, &call->payload,
                           &call->len);
}

enum nvc_status
reader_open_record(struct store *store, const struct record_key *key,
                   struct store_value record, struct store_value *out)
{
    struct check_call call = {key, record, NULL, 0, NVC_OK};

    if (!engine_call(store, run_check, &call))
        return NVC_ERR_CRASH;
    if (call.st != NVC_OK)
        return call.st;
    out->data = call.payload;
    out->len = call.len;
    return NVC_OK;
}

struct count_call {
    const struct generation *generation;
    MDB_stat stat;
    int code;
};

static void
run_count(void *arg)
{
    struct count_call *const call = arg;

    call->code = mdb_stat(call->generation->txn, ENGINE_DBI, &call->stat);
}

enum nvc_status
reader_count(struct store *store, struct generation *generation, uint64_t *out)
{
    struct count_call call = {.generation = generation, .code = 0};
    enum nvc_status st;

    st = call_attached(store, generation, run_count, &call);
    if (st == NVC_OK)
        st = judge(store, generation, call.code);
    if (st != NVC_OK)
        return st;
    /* One of them is the generation's own. */
    *out = call.stat.ms_entries > 0 ? call.stat.ms_entries - 1 : 0;
    return NVC_OK;
}

/* ---- walking ---- */

struct walk_call {
    struct store *store;
    const struct generation *generation;
    struct reader_walk *walk;
    int code;
};

/* False: this key ends the walk. */
static bool
add_item(struct walk_call *call, const MDB_val *key, const MDB_val *value)
{
    struct reader_walk *const walk = call->walk;
    struct reader_item *item;

    if (key->mv_size < walk->prefix.len ||
        memcmp(key->mv_data, walk->prefix.bytes, walk->prefix.len) != 0)
        return false;
    if (key->mv_size == 0 || key->mv_size > RECORD_KEY_MAX)
        return true;
    item = &walk->items[walk->n++];
    item->key.len = (uint8_t)key->mv_size;
    memcpy(item->key.bytes, key->mv_data, key->mv_size);
    item->record = keep(call->store, call->generation, value);
    return true;
}

static int
walk_from(struct walk_call *call, MDB_cursor *cursor)
{
    struct reader_walk *const walk = call->walk;
    struct record_key start = walk->last.len > 0 ? walk->last : walk->prefix;
    MDB_val key = {start.len, start.bytes};
    MDB_val value;
    int code;

    code =
        mdb_cursor_get(cursor, &key, &value, start.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
    if (code == 0 && walk->last.len == key.mv_size && walk->last.len > 0 &&
        memcmp(key.mv_data, walk->last.bytes, key.mv_size) == 0)
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    while (code == 0) {
        if (!add_item(call, &key, &value))
            return MDB_NOTFOUND;
        if (walk->n == READER_BATCH)
            return 0;
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return code;
}

static void
run_walk(void *arg)
{
    struct walk_call *const call = arg;
    MDB_cursor *cursor;

    call->code = mdb_cursor_open(call->generation->txn, ENGINE_DBI, &cursor);
    if (call->code != 0)
        return;
    call->code = walk_from(call, cursor);
    mdb_cursor_close(cursor);
}

/* A damaged tree can lead in circles; keys of a sound one only grow. */
static bool
has_advanced(const struct reader_walk *walk)
{
    const struct record_key *before = &walk->last;

    for (size_t i = 0; i < walk->n; i++) {
        const struct record_key *const key = &walk->items[i].key;
        const size_t common = before->len < key->len ? before->len : key->len;
        const int order = memcmp(before->bytes, key->bytes, common);

        if (order > 0 || (order == 0 && before->len >= key->len))
            return false;
        before = key;
    }
    return true;
}

enum nvc_status
reader_next(struct store *store, struct generation *generation, struct reader_walk *walk)
{
    struct walk_call call = {store, generation, walk, 0};
    enum nvc_status st;

    walk->n = 0;
    st = call_attached(store, generation, run_walk, &call);
    if (st == NVC_OK)
        st = judge(store, generation, call.code);
    if (st == NVC_OK && !has_advanced(walk))
        st = judge(store, generation, MDB_CORRUPTED);
    walk->done = st != NVC_OK;
    if (st != NVC_OK && st != NVC_MISS)
        return st;
    if (walk->n > 0)
        walk->last = walk->items[walk->n - 1].key;
    return NVC_OK;
}

bool
reader_confirm_damage(struct store *store, struct generation *generation)
{
    struct reader_walk *const walk = arena_alloc(&store->session, sizeof(*walk));
    struct generation again = {.number = generation->number, .sealed = true};
    const bool crashed = store->crashed;
    enum nvc_status st = NVC_OK;

    /* A fresh environment knows nothing of the crash of another one. */
    store->crashed = false;
    while (st == NVC_OK && !walk->done)
        st = reader_next(store, &again, walk);
    reader_close(store, &again);
    store->crashed = store->crashed || crashed;
    return st == NVC_ERR_GENERATION || st == NVC_ERR_CRASH;
}
