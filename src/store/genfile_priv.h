#ifndef NVCACHE_STORE_GENFILE_PRIV_H
#define NVCACHE_STORE_GENFILE_PRIV_H

#include "store_priv.h"

/* The file of one generation, opened and judged without LMDB. */

/* Open the file that the generation's name leads to now.  MISS: there is none.
 * ERR_GENERATION: a symbolic link.  ERR_OWNER: not a regular file, or that of somebody
 * who has no business here.  The descriptor is the caller's to close. */
NVC_NODISCARD enum nvc_status
genfile_open(const struct store *store, const struct generation *generation, int *out_fd);

/* An empty file of this name (a leftover is removed), with the mode and owner of a
 * generation. */
NVC_NODISCARD enum nvc_status genfile_create(const struct store *store, const char *name,
                                             int *out_fd);

/* Before writing: whether nobody but the holder of the store's lock can.  ERR_OWNER: the
 * file has another name too (somebody copied the cache by linking), and with it another
 * lock.  ERR_LOCK: somebody is writing, by another lock file (ours or his was removed).
 * The file stays locked until the descriptor is closed. */
NVC_NODISCARD enum nvc_status genfile_claim(int fd);

/* Look at the meta pages, and with `to_add` at the pages that adding this key would
 * change; fills in size and page_size.  ERR_GENERATION: LMDB would stumble. */
NVC_NODISCARD enum nvc_status genfile_examine(int fd, struct generation *generation,
                                              const struct record_key *to_add);

#endif
