#ifndef NVCACHE_STORE_ABSENCE_PRIV_H
#define NVCACHE_STORE_ABSENCE_PRIV_H

#include "store_priv.h"

#include "nvcache/digest/checksum.h"

/* One search through the generations, newest first, and what earlier ones are known to
 * have searched in vain. */
struct absence {
    struct checksum name; /* of the key, in the memo */
    uint64_t found;       /* sealed files after this one ... */
    uint64_t newest;      /* ... up to this one do not have it; 0: nothing is known */
    uint64_t sealed;      /* the newest sealed file of this search; 0: not worth it */
    bool is_complete;     /* each file so far was searched, or known */
};

/* What is known about `key` (or all keys that begin with it). */
struct absence absence_begin(const struct store *store, const struct record_key *key);
/* No need to search here. */
bool absence_covers(const struct absence *absence, const struct generation *generation);
/* Searched, but not found. */
void absence_pass(struct absence *absence, const struct generation *generation);
/* Found: tell the memo, if that is new. */
void absence_end(const struct store *store, const struct absence *absence,
                 const struct generation *found);

#endif
