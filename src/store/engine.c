/* LMDB at arm's length.  LMDB trusts its file: a damaged one makes it read behind the map
 * (SIGBUS), divide by zero (SIGFPE) or abort().  So every call runs under the crash
 * guard, and what a crash left behind is leaked, never closed.
 *
 * Must never be entered twice at a time: guarded calls do not nest. */

#include "engine_priv.h"

#include "nvcache/base/guard.h"
#include "nvcache/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

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

static int
create(size_t map_size, MDB_env **out)
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

static int
open_path(const char *path, size_t map_size, unsigned flags, MDB_env **out)
{
    MDB_env *env = NULL;
    int code, fd;

    code = create(map_size, &env);
    if (code != 0)
        return code;
    code = mdb_env_open(env, path, flags | MDB_NOSUBDIR | MDB_NOLOCK, 0);
    if (code != 0) {
        mdb_env_close(env);
        return code;
    }
    if (mdb_env_get_fd(env, &fd) == 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    *out = env;
    return 0;
}

int
engine_open(int fd, const char *path, size_t map_size, unsigned flags, MDB_env **out)
{
    char by_fd[32];
    int code;

    snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
    code = open_path(by_fd, map_size, flags, out);
    if (code == ENOENT || code == EACCES)
        code = open_path(path, map_size, flags, out);
    /* The header was looked at a moment ago: LMDB did not get all of what it read. */
    return code == MDB_INVALID ? EIO : code;
}
