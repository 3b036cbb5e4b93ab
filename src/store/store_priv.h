#ifndef NVCACHE_STORE_STORE_PRIV_H
#define NVCACHE_STORE_STORE_PRIV_H

#include "directory_priv.h"
#include "lock_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/digest/memo.h"
#include "nvcache/store/store.h"

#include <lmdb.h>

#define STORE_LOCK_NAME "lock"
#define STORE_BOOT_ID   40
#define GENERATION_NAME 24
/* A new file is begun for each 1/16 of the size limit. */
#define STORE_PARTS 16

/* One LMDB file as a reader sees it. */
struct generation {
    struct generation *next; /* in store.retired */
    uint64_t number;
    uint64_t size; /* when it was last looked at */
    unsigned page_size;
    MDB_env *env; /* NULL: not opened, or closed for good when `skip` */
    MDB_txn *txn;
    bool sealed;  /* a newer one exists: nobody will write here again */
    bool final;   /* txn was begun when it was sealed */
    bool skip;    /* gone, damaged or unreadable: not looked at again */
    bool damaged; /* ... and to be set aside (generation_mend) */
};

/* A value to be stored again. */
struct promotion {
    struct promotion *next;
    struct record_key key;
    struct store_value value;
};

struct store {
    char *dir;
    uint64_t max_bytes;
    int umask;
    unsigned read_wait_ms;
    unsigned write_wait_ms;
    bool read_only;
    bool crashed;     /* LMDB ended in a fatal signal: it is not called again */
    bool read_waited; /* the deadline is spent: from now on the lock is only tried */
    bool write_waited;
    bool has_trash;              /* files were seen that wait to be unlinked */
    char boot_id[STORE_BOOT_ID]; /* "": not read yet.  Tests put another one here. */
    struct store_damage damage;
    struct memo *memo; /* NULL: none */

    /* From here on: until store_release(). */
    struct directory directory;
    struct lock lock;
    bool read_gave_up; /* the lock was waited for in vain: once is enough */
    bool write_gave_up;
    bool listed;
    bool has_damage;                 /* a generation is marked as damaged */
    struct generation **generations; /* newest first */
    size_t n_generations;
    struct generation
        *retired; /* replaced or evicted, but values may lie in their maps */
    struct promotion *promotions;
    struct arena session;
};

/* Make sure that the directory is open. */
NVC_NODISCARD enum nvc_status store_begin(struct store *store);

/* Take the lock, or repeat a remembered failure.  Shared locks wait read_wait_ms,
 * exclusive ones write_wait_ms.  NVC_OK without a lock held: a read-only place where
 * nobody can write.
 */
NVC_NODISCARD enum nvc_status store_lock(struct store *store, enum lock_kind kind);
void store_unlock(struct store *store);

/* DIR/v1-lmdb09/NAME */
char *store_path(struct store *store, const char *name);

#endif
