/* Private directories, held by a lock for as long as anybody uses them.
 *
 * Must never remove a directory that is in use, or one of another user's: who removes one
 * holds its lock, and the owner makes sure that the one it has locked is still there. */

#include "nvcache/base/scratch.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whatever has this name and no lock is abandoned. */
#define PREFIX "nvcache-run-"
/* For those that cannot be locked (no descriptor, no permission, no locks here): never
 * swept.  Versions before the lock used it too. */
#define UNLOCKED_PREFIX "nvcache-"

enum {
    RANDOM_DIGITS = 16,
    ATTEMPTS = 16
};

static const char *
parent(void)
{
    const char *dir = getenv("TMPDIR");

    return dir != NULL && dir[0] == '/' ? dir : "/tmp";
}

static bool
is_there(const char *path, int fd)
{
    struct stat named;
    struct stat open;

    return lstat(path, &named) == 0 && fstat(fd, &open) == 0 &&
           named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

enum hold {
    HELD,
    GONE, /* between mkdir and the lock somebody who sweeps took it for abandoned */
    UNLOCKABLE
};

static enum hold
hold(struct scratch *scratch)
{
    scratch->lock = open(scratch->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (scratch->lock < 0)
        return errno == ENOENT ? GONE : UNLOCKABLE;
    if (flock(scratch->lock, LOCK_EX | LOCK_NB) == 0)
        return is_there(scratch->path, scratch->lock) ? HELD : GONE;
    return errno == EWOULDBLOCK ? GONE : UNLOCKABLE;
}

static enum nvc_status
open_unlocked(struct scratch *scratch, struct arena *arena)
{
    enum nvc_status st;

    rmdir(scratch->path);
    st = fs_make_private_dir(arena, parent(), UNLOCKED_PREFIX, &scratch->path);
    if (st != NVC_OK)
        scratch->path = NULL;
    return st;
}

static enum nvc_status
try_open(struct scratch *scratch, struct arena *arena)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        enum nvc_status st = fs_make_private_dir(arena, parent(), PREFIX, &scratch->path);
        enum hold held;

        if (st != NVC_OK) {
            scratch->path = NULL;
            return st;
        }
        held = hold(scratch);
        if (held == HELD)
            return NVC_OK;
        fs_closep(&scratch->lock);
        if (held == UNLOCKABLE)
            return open_unlocked(scratch, arena);
    }
    scratch->path = NULL;
    return NVC_ERR_BUSY;
}

enum nvc_status
scratch_open(struct scratch *scratch, struct arena *arena)
{
    enum nvc_status st;

    process_hold_signals();
    st = try_open(scratch, arena);
    if (st != NVC_OK)
        process_release_signals();
    return st;
}

void
scratch_close(struct scratch *scratch)
{
    if (scratch->path == NULL)
        return;
    fs_remove_tree(scratch->path);
    fs_closep(&scratch->lock);
    scratch->path = NULL;
    process_release_signals();
}

/* ---- what others left ---- */

static bool
is_scratch_name(const char *name)
{
    static const size_t len = sizeof(PREFIX) - 1;

    return strncmp(name, PREFIX, len) == 0 &&
           strspn(name + len, "0123456789abcdef") == RANDOM_DIGITS &&
           name[len + RANDOM_DIGITS] == '\0';
}

static bool
sweep_one(int parent_fd, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    AUTO_FD fd = openat(parent_fd, name, flags);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) != 0 || info.st_uid != geteuid() ||
        flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    fs_empty_dir(fd);
    return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
}

size_t
scratch_sweep(void)
{
    DIR *dir = opendir(parent());
    const struct dirent *entry;
    size_t removed = 0;

    if (dir == NULL)
        return 0;
    for (int i = 0; i < SCRATCH_SWEEP_NAMES && removed < SCRATCH_SWEEP_MOST &&
                    (entry = readdir(dir)) != NULL;
         i++)
        if (is_scratch_name(entry->d_name) && sweep_one(dirfd(dir), entry->d_name))
            removed++;
    closedir(dir);
    return removed;
}
