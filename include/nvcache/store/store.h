#ifndef NVCACHE_STORE_STORE_H
#define NVCACHE_STORE_STORE_H

#include "nvcache/base/status.h"
#include "nvcache/digest/memo.h"
#include "nvcache/entry/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The local store: append-only LMDB files ("generations") in one directory.
 *
 *   DIR/CACHEDIR.TAG
 *   DIR/v1-lmdb09/lock                flock target, never deleted
 *   DIR/v1-lmdb09/gNNNNNNNNNN.mdb     the highest number takes writes
 *   DIR/v1-lmdb09/trash-*             evicted, on their way out
 *   DIR/v1-lmdb09/bad-generation.mdb  the last one that was set aside as damaged
 *
 * Rules, each with its reason, in src/store/generation.c: MDB_NOLOCK and our own timed
 * flock; nothing is ever deleted or overwritten inside a file; eviction unlinks the
 * oldest file; every LMDB call runs under guard_call, and after a crash this store
 * answers ERR_CRASH for the rest of the process; never on a network file system.
 *
 * One store per process, used by one thread.  No environment may be open across fork:
 * call store_release() before starting a compiler. */

struct store;

struct store_config {
    const char *dir;        /* created if missing */
    uint64_t max_bytes;     /* size limit; generations are 1/16 of it */
    int umask;              /* for what the store creates; -1: the process's */
    unsigned read_wait_ms;  /* longest wait for the lock when reading */
    unsigned write_wait_ms; /* ... when writing */
    bool read_only;         /* never write, also no promotion */
};

/* Prepare the directory; opens no generation.
 * ERR_OWNER: belongs to somebody else (and we are not root), or is world-writable.
 * ERR_PERMISSION, ERR_NOSPACE, ERR_IO. ERR_NETWORK_FS.  A directory that exists but
 * cannot be written opens read only.
 */
NVC_NODISCARD enum nvc_status store_open(const struct store_config *config,
                                         struct store **out);
/* Also NULL. */
void store_close(struct store *store);

/* Close every environment and lock; values handed out before are gone.  The store can be
 * used again afterwards. */
void store_release(struct store *store);

bool store_is_read_only(const struct store *store);

/* Keep in `memo`, which stays the caller's, which files were searched in vain for a key,
 * so that they are not searched again.  NULL: no longer.  Nothing but speed depends on
 * it. */
void store_set_memo(struct store *store, struct memo *memo);

/* A stored value: lies in the map, any alignment, until store_release or store_close. */
struct store_value {
    const uint8_t *data;
    size_t len;
};

/* NVC_OK, NVC_MISS, or an error (which the caller treats as a miss and counts).
 * ERR_CORRUPT: the record is damaged and no other generation has a good one.  ERR_LOCK:
 * the newest generation could not be looked at and no other has it.  ERR_CRASH.
 * ERR_PERMISSION and the like: a generation could not be opened and no other has it.
 * Waits, damaged records and crashes are also in store_damage: count them there, once. A
 * value found where eviction is near (the oldest quarter of max_bytes) is remembered for
 * store_promote(). */
NVC_NODISCARD enum nvc_status store_get(struct store *store, const struct record_key *key,
                                        struct store_value *out);

/* Visit the records whose key begins with `prefix`: newest generation first, inside one
 * in the order of keys.  `visit` returns false to stop.  Damaged ones are left out (and
 * counted, see store_damage). NVC_OK also when there are none. */
typedef bool store_visitor(const struct record_key *key, struct store_value value,
                           void *arg);
NVC_NODISCARD enum nvc_status store_scan(struct store *store,
                                         const struct record_key *prefix,
                                         store_visitor *visit, void *arg);

/* Add a record; a key that is already there in the newest generation is left as it is
 * (NVC_OK). A full disk drops the oldest generation and tries again; the only one if it
 * is at least 16 times as large as the record. ERR_LIMIT (larger than a 1/32 of
 * max_bytes or RECORD_PAYLOAD_MAX), ERR_LOCK, ERR_NOSPACE, ERR_PERMISSION (read only),
 * ERR_CRASH, ERR_IO. */
NVC_NODISCARD enum nvc_status store_put(struct store *store, const struct record_key *key,
                                        const void *payload, size_t len);

/* Store again in the newest generation what this process read from the oldest ones.
 * Called after the outputs are in place.  Failure is of no consequence. */
void store_promote(struct store *store);

/* How many records and generations this process found damaged, to be counted by the
 * caller. */
struct store_damage {
    unsigned records;     /* ERR_CORRUPT */
    unsigned generations; /* ERR_GENERATION: set aside */
    unsigned crashes;     /* fatal signals inside LMDB */
    unsigned lock_waits;  /* ERR_LOCK: deadline passed */
};
void store_get_damage(const struct store *store, struct store_damage *out);

struct store_usage {
    uint64_t bytes; /* of all generations on disk */
    uint64_t max_bytes;
    uint64_t entries;
    unsigned generations;
    int64_t set_aside_s; /* when a damaged one was last set aside, in seconds since the
                          * epoch; 0: none is kept */
};
NVC_NODISCARD enum nvc_status store_get_usage(struct store *store,
                                              struct store_usage *out);

/* Remove everything.  Processes that are reading keep what they have mapped. */
NVC_NODISCARD enum nvc_status store_clear(struct store *store);

/* Drop the oldest generations until at most `max_bytes` are left. */
NVC_NODISCARD enum nvc_status store_trim(struct store *store, uint64_t max_bytes);

/* Read every record of every generation and check it with record_open, then `check` (may
 * be NULL), which returns false for a payload it cannot decode.  With `repair` a
 * generation that is structurally damaged is set aside. */
struct store_verify_report {
    uint64_t records;
    uint64_t bytes;
    uint64_t bad_records;
    unsigned bad_generations;
};
typedef bool store_checker(const struct record_key *key, struct store_value value,
                           void *arg);
NVC_NODISCARD enum nvc_status store_verify(struct store *store, bool repair,
                                           store_checker *check, void *arg,
                                           struct store_verify_report *out);

/* Why LMDB must not be used on the file system of `dir` ("nfs", "fuse", ...), or NULL
 * when it is local.  Static storage.  Also answers for a directory that does not exist
 * yet (its nearest existing parent). */
const char *store_remote_fs(const char *dir);

#endif
