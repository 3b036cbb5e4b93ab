/* LMDB at arm's length.  LMDB trusts its file: a damaged one makes it read behind the map
 * (SIGBUS), divide by zero (SIGFPE) or abort().  So every call runs under the crash
 * guard, and what a crash left behind is leaked, never closed.
 *
 * Must never be entered twice at a time: guarded calls do not nest. */

#include "engine_priv.h"

#include "nvcache/base/guard.h"
#include "nvcache/base/log.h"

#include <fcntl.h>
#include <signal.h>

bool
engine_call(struct store *store, void (*fn)(void *arg), void *arg)
{
    const int signal_number = guard_call(fn, arg);

    if (signal_number == 0)
        return true;
    store->crashed = true;
    store->damage.crashes++;
    log_event("store.crash", "signal=%d", signal_number);
    return false;
}

enum nvc_status
engine_status(int code)
{
    switch (code) {
    case 0:
        return NVC_OK;
    case MDB_NOTFOUND:
        return NVC_MISS;
    case MDB_VERSION_MISMATCH:
        return NVC_ERR_FORMAT;
    case MDB_MAP_FULL:
        return NVC_ERR_LIMIT;
    default:
        /* The rest of LMDB's own codes speak of a tree that cannot be. */
        return code < 0 ? NVC_ERR_GENERATION : status_from_errno(code);
    }
}

static void
on_assert(MDB_env *env, const char *text)
{
    (void)env;
    log_event("store.assert", "text=%s", text);
    guard_escape(SIGABRT);
}

int
engine_create(size_t map_size, MDB_env **out)
{
    MDB_env *env = NULL;
    int code;

    code = mdb_env_create(&env);
    if (code != 0)
        return code;
    code = mdb_env_set_assert(env, on_assert);
    if (code == 0)
        code = mdb_env_set_mapsize(env, map_size);
    if (code == 0)
        *out = env;
    else
        mdb_env_close(env);
    return code;
}

int
engine_hide_fd(MDB_env *env)
{
    int fd;

    if (mdb_env_get_fd(env, &fd) != 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}
