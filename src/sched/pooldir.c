/* Where the table of reservations is kept.
 *
 * It must be found by every build of the user without any setting, must be writable where
 * HOME is not, and must not be shared between machines.  Must never use a directory that
 * somebody else could have prepared. */

#include "nvcache/sched/pool.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_private(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
           (info.st_mode & (S_IWGRP | S_IWOTH)) == 0 && access(path, W_OK | X_OK) == 0;
}

/* `parent`/`name` as a directory of our own; `parent` need not be ours. */
static bool
make_private(const char *parent, const char *name, char *out, size_t size)
{
    const int n = snprintf(out, size, "%s/%s", parent, name);

    if (n < 0 || (size_t)n >= size)
        return false;
    if (mkdir(out, 0700) != 0 && errno != EEXIST)
        return false;
    return is_private(out);
}

/* With the group's rights, whatever this process's umask is. */
static bool
make_shared(const char *dir, int umask, char *out, size_t size)
{
    const mode_t mode = 0777 & ~(unsigned)umask;
    const int n = snprintf(out, size, "%s/pool", dir);

    if (n < 0 || (size_t)n >= size)
        return false;
    if (mkdir(out, mode) == 0)
        return chmod(out, mode) == 0 || errno == EPERM;
    return errno == EEXIST && access(out, W_OK | X_OK) == 0;
}

enum nvc_status
pool_directory(const char *shared_dir, int umask, char *out, size_t size)
{
    const char *const runtime = getenv("XDG_RUNTIME_DIR");
    char own[64];
    char user_runtime[64];

    snprintf(own, sizeof(own), "nvcache-%lu", (unsigned long)geteuid());
    snprintf(user_runtime, sizeof(user_runtime), "/run/user/%lu",
             (unsigned long)geteuid());
    if (shared_dir != NULL && make_shared(shared_dir, umask, out, size))
        return NVC_OK;
    if (runtime != NULL && path_is_absolute(runtime) && is_private(runtime) &&
        make_private(runtime, "nvcache", out, size))
        return NVC_OK;
    if (is_private(user_runtime) && make_private(user_runtime, "nvcache", out, size))
        return NVC_OK;
    if (make_private("/dev/shm", own, out, size) || make_private("/tmp", own, out, size))
        return NVC_OK;
    return NVC_ERR_POOL;
}
