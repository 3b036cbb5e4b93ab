#ifndef NVCACHE_STORE_ENGINE_PRIV_H
#define NVCACHE_STORE_ENGINE_PRIV_H

#include "store_priv.h"

/* The unnamed database of a file, the only one we use. */
#define ENGINE_DBI 1

/* Call fn(arg) under the guard.  False: it crashed, the crash is counted, and what it was
 * working on must not be touched again. */
NVC_NODISCARD bool engine_call(struct store *store, void (*fn)(void *arg), void *arg);

/* What LMDB's return codes mean.  NVC_MISS: not found.  ERR_GENERATION: the file is
 * damaged.  ERR_LIMIT: the map is full.  ERR_FORMAT: another LMDB's file. */
NVC_NODISCARD enum nvc_status engine_status(int code);

/* Open the file that genfile.c judged or created, by its descriptor, which may be closed
 * afterwards by a reader; where there is no /proc, by its `path`.  Failed assertions end
 * the engine_call; compilers do not inherit the file (LMDB 0.9 opens it without
 * O_CLOEXEC).  Returns LMDB's code. */
int engine_open(int fd, const char *path, size_t map_size, unsigned flags, MDB_env **out);

#endif
