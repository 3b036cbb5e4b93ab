#ifndef NVCACHE_STORE_READER_PRIV_H
#define NVCACHE_STORE_READER_PRIV_H

#include "store_priv.h"

/* Reading one generation.  The active one is locked (shared) for each call.  Every
 * function that finds the file damaged marks it (generation->damaged) and returns
 * ERR_GENERATION. */

/* The sealed record of `key`, unchecked. */
NVC_NODISCARD enum nvc_status reader_find(struct store *store,
                                          struct generation *generation,
                                          const struct record_key *key,
                                          struct store_value *out);

/* Check a record under the guard: record_open on memory that may be a torn map. */
NVC_NODISCARD enum nvc_status reader_open_record(struct store *store,
                                                 const struct record_key *key,
                                                 struct store_value record,
                                                 struct store_value *out);

/* Walk through the records whose key begins with a prefix, some at a time. */
#define READER_BATCH 128

struct reader_item {
    struct record_key key;
    struct store_value record; /* sealed, unchecked */
};

struct reader_walk {
    struct record_key prefix; /* len 0: everything */
    struct record_key last;   /* where the last batch ended; len 0: nowhere yet */
    bool done;
    size_t n;
    struct reader_item items[READER_BATCH];
};

/* The next batch; `walk` begins zeroed but for the prefix. */
NVC_NODISCARD enum nvc_status
reader_next(struct store *store, struct generation *generation, struct reader_walk *walk);

/* Records in it. */
NVC_NODISCARD enum nvc_status reader_count(struct store *store,
                                           struct generation *generation, uint64_t *out);

/* Is the file really damaged?  Called with the exclusive lock: looks again, with a fresh
 * environment, at every page of the tree. */
bool reader_confirm_damage(struct store *store, struct generation *generation);

/* Close the environment; values from it are gone. */
void reader_close(struct store *store, struct generation *generation);

#endif
