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

/* An environment without a file yet, whose failed assertions end the engine_call. */
int engine_create(size_t map_size, MDB_env **out);

/* Keep compilers from inheriting the file: LMDB 0.9 opens it without O_CLOEXEC. Returns
 * the descriptor, or -1. */
int engine_hide_fd(MDB_env *env);

#endif
