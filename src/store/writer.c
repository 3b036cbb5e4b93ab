/* One generation, open for writing.  MDB_NOSYNC without MDB_WRITEMAP: a killed process
 * leaves the file as it was (data first, then one write of a meta page), a full disk is
 * an error code and not a signal; what a crash of the machine can do is handled by
 * birth.c and the checksums.
 *
 * MDB_NOOVERWRITE is a safety rule: overwriting would free pages that readers without a
 * lock may be using.  For the same reason nothing is ever deleted here. */

#include "writer_priv.h"

#include "birth_priv.h"
#include "catalog_priv.h"
#include "engine_priv.h"
#include "genfile_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"

#include <errno.h>
#include <string.h>

/* For the B-tree's own pages, per file. */
#define TREE_ROOM ((uint64_t)16 << 20)

/* LMDB reports a short write on a full disk as EIO. */
static enum nvc_status
status_of(int code)
{
    if (code == MDB_MAP_FULL)
        return NVC_ERR_LIMIT;
    if (code == EIO)
        return NVC_ERR_NOSPACE;
    return engine_status(code);
}

/* Run under the guard; after a crash the environment is forgotten, never closed. */
static enum nvc_status
call(struct writer *writer, void (*fn)(void *arg), void *arg, const int *code)
{
    if (!engine_call(writer->store, fn, arg)) {
        writer->env = NULL;
        return NVC_ERR_CRASH;
    }
    return status_of(*code);
}

struct open_call {
    int fd;
    const char *path;
    size_t map_size;
    MDB_env *env;
    int code;
};

static void
run_open(void *arg)
{
    struct open_call *const open = arg;

    open->code =
        engine_open(open->fd, open->path, open->map_size, MDB_NOSYNC, &open->env);
}

static enum nvc_status
open_env(struct writer *writer, const char *name, uint64_t map_size)
{
    struct store *const store = writer->store;
    struct open_call open = {writer->fd, store_path(store, name), map_size, NULL, 0};

    if (!engine_call(store, run_open, &open))
        return NVC_ERR_CRASH;
    writer->env = open.env;
    return engine_status(open.code);
}

enum nvc_status
writer_open(struct store *store, struct generation *generation,
            const struct record_key *to_add, uint64_t room, struct writer *writer)
{
    char name[GENERATION_NAME];
    enum nvc_status st;

    writer->store = store;
    st = genfile_open(store, generation, &writer->fd);
    if (st == NVC_OK)
        st = genfile_claim(writer->fd);
    if (st == NVC_OK)
        st = genfile_examine(writer->fd, generation, to_add);
    if (st != NVC_OK)
        return st;
    catalog_name(generation->number, name);
    return open_env(writer, name, generation->size + 2 * room + TREE_ROOM);
}

enum nvc_status
writer_create(struct store *store, const char *name, struct writer *writer)
{
    enum nvc_status st;

    writer->store = store;
    st = genfile_create(store, name, &writer->fd);
    return st == NVC_OK ? open_env(writer, name, TREE_ROOM) : st;
}

struct add_call {
    MDB_env *env;
    const struct record_key *key;
    const void *payload;
    size_t len;
    bool is_damaged; /* the record that is there already */
    int code;
};

static void
look_at_existing(struct add_call *add, const MDB_val *value)
{
    const uint8_t *payload;
    size_t len;

    /* Another version's record has no business in this directory: also damage. */
    add->is_damaged =
        record_open(add->key, value->mv_data, value->mv_size, &payload, &len) != NVC_OK;
}

static void
run_add(void *arg)
{
    struct add_call *const add = arg;
    struct record_key copy = *add->key;
    MDB_val key = {copy.len, copy.bytes};
    MDB_val value = {record_size(add->key, add->len), NULL};
    MDB_txn *txn = NULL;
    MDB_dbi dbi;

    add->code = mdb_txn_begin(add->env, NULL, 0, &txn);
    if (add->code != 0)
        return;
    add->code = mdb_dbi_open(txn, NULL, 0, &dbi);
    if (add->code == 0)
        add->code = mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE | MDB_RESERVE);
    if (add->code == 0) {
        record_seal(add->key, add->payload, add->len, value.mv_data);
        add->code = mdb_txn_commit(txn);
        return;
    }
    if (add->code == MDB_KEYEXIST) {
        look_at_existing(add, &value);
        add->code = 0;
    }
    mdb_txn_abort(txn);
}

enum nvc_status
writer_add(struct writer *writer, const struct record_key *key, const void *payload,
           size_t len)
{
    struct add_call add = {writer->env, key, payload, len, false, 0};
    enum nvc_status st;

    if (writer->env == NULL)
        return NVC_ERR_CRASH;
    st = call(writer, run_add, &add, &add.code);
    return st == NVC_OK && add.is_damaged ? NVC_ERR_CORRUPT : st;
}

struct birth_call {
    MDB_env *env;
    const char *boot_id;
    struct buf record; /* to be written */
    bool matches;
    int code;
};

static MDB_val
key_of_birth(char copy[BIRTH_KEY_SIZE])
{
    memcpy(copy, birth_key, BIRTH_KEY_SIZE);
    return (MDB_val){BIRTH_KEY_SIZE, copy};
}

static void
run_birth(void *arg)
{
    struct birth_call *const birth = arg;
    char copy[BIRTH_KEY_SIZE];
    MDB_val key = key_of_birth(copy);
    MDB_val value = {birth->record.len, birth->record.data};
    MDB_txn *txn;
    MDB_dbi dbi;

    birth->code = mdb_txn_begin(birth->env, NULL, 0, &txn);
    if (birth->code != 0)
        return;
    birth->code = mdb_dbi_open(txn, NULL, 0, &dbi);
    if (birth->code == 0)
        birth->code = mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE);
    if (birth->code == 0)
        birth->code = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
}

enum nvc_status
writer_give_birth(struct writer *writer)
{
    struct birth_call birth = {.env = writer->env, .record = BUF_INIT, .code = 0};
    enum nvc_status st;

    birth_encode(writer->store->boot_id, &birth.record);
    st = call(writer, run_birth, &birth, &birth.code);
    buf_fini(&birth.record);
    return st;
}

static void
run_compare(void *arg)
{
    struct birth_call *const birth = arg;
    char copy[BIRTH_KEY_SIZE];
    MDB_val key = key_of_birth(copy);
    MDB_val value;
    MDB_txn *txn;
    MDB_dbi dbi;

    birth->code = mdb_txn_begin(birth->env, NULL, MDB_RDONLY, &txn);
    if (birth->code != 0)
        return;
    birth->code = mdb_dbi_open(txn, NULL, 0, &dbi);
    if (birth->code == 0)
        birth->code = mdb_get(txn, dbi, &key, &value);
    if (birth->code == 0)
        birth->matches = birth_matches(value.mv_data, value.mv_size, birth->boot_id);
    mdb_txn_abort(txn);
}

bool
writer_is_ours(struct writer *writer)
{
    struct birth_call birth = {.env = writer->env,
                               .boot_id = writer->store->boot_id,
                               .record = BUF_INIT,
                               .matches = false,
                               .code = 0};

    return call(writer, run_compare, &birth, &birth.code) == NVC_OK && birth.matches;
}

static void
run_close(void *arg)
{
    mdb_env_close(arg);
}

void
writer_close(struct writer *writer)
{
    if (writer->env != NULL && !engine_call(writer->store, run_close, writer->env))
        log_event("store.close", "result=crash");
    writer->env = NULL;
    fs_closep(&writer->fd);
}
