/* The cache directory: created, opened and judged.  Code that lies in the cache ends up
 * in somebody's program, so whoever can write here is trusted with that.  Accepted is a
 * directory of ours, of root's, or of a group we are in that was meant to be shared
 * (group-writable and setgid); nothing that the whole world can write.  Root also works
 * in a user's own directory (a container with that user's cache mounted), and what it
 * creates there becomes the user's: otherwise the user could not write to it any more.
 *
 * Must never change the process's umask: a compiler could inherit it. */

#include "directory_priv.h"

#include "remotefs_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DIRECTORY_MODE = 0775,
    FILE_MODE = 0664
};

/* The tag that backup programs look for (https://bford.info/cachedir/). */
static const char cache_tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                                "# This directory holds the cache of nvcache; it can be "
                                "deleted at any time.\n";

static bool
is_member(gid_t gid)
{
    gid_t *groups;
    int n;
    bool found = getegid() == gid;

    n = getgroups(0, NULL);
    if (found || n <= 0)
        return found;
    groups = calloc((size_t)n, sizeof(*groups));
    if (groups == NULL)
        return false;
    n = getgroups(n, groups);
    for (int i = 0; i < n; i++)
        found = found || groups[i] == gid;
    free(groups);
    return found;
}

static enum nvc_status
judge(int fd, struct directory *out)
{
    const mode_t sharing = S_IWGRP | S_ISGID;
    struct stat info;

    if (fstat(fd, &info) != 0)
        return status_from_errno(errno);
    if ((info.st_mode & S_IWOTH) != 0)
        return NVC_ERR_OWNER;
    out->owner = info.st_uid;
    out->shared = (info.st_mode & S_IWGRP) != 0;
    if (info.st_uid == geteuid() || info.st_uid == 0 || geteuid() == 0)
        return NVC_OK;
    if ((info.st_mode & sharing) == sharing && is_member(info.st_gid))
        return NVC_OK;
    return NVC_ERR_OWNER;
}

static void
adopt_directory(int parent, int fd, int umask)
{
    struct stat info;

    if (parent >= 0)
        fs_inherit_owner(fd, parent);
    if (umask < 0 || fstat(fd, &info) != 0)
        return;
    /* The setgid bit comes from the parent and must stay. */
    if (fchmod(fd, (info.st_mode & S_ISGID) | (mode_t)(DIRECTORY_MODE & ~umask)) != 0)
        return;
}

void
directory_adopt(int dir_fd, int fd, int umask)
{
    fs_inherit_owner(fd, dir_fd);
    if (umask >= 0 && fchmod(fd, (mode_t)(FILE_MODE & ~umask)) != 0)
        return;
}

static void
write_tag(int top, int umask)
{
    AUTO_FD fd =
        openat(top, "CACHEDIR.TAG", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return;
    directory_adopt(top, fd, umask);
    if (fs_write_full(fd, cache_tag, sizeof(cache_tag) - 1) != NVC_OK)
        return;
}

static enum nvc_status
open_top(const char *dir, int umask, bool create, int *out_fd)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    enum nvc_status st;
    int fd = open(dir, flags);

    if (fd < 0 && errno == ENOENT && create) {
        if (store_remote_fs(dir) != NULL)
            return NVC_ERR_NETWORK_FS;
        st = fs_mkdirs(dir, DIRECTORY_MODE);
        if (st != NVC_OK)
            return st;
        fd = open(dir, flags);
        if (fd >= 0)
            adopt_directory(-1, fd, umask);
    }
    if (fd < 0 && (errno != ENOENT || create))
        return status_from_errno(errno);
    *out_fd = fd;
    return NVC_OK;
}

static bool
is_no_permission(int error)
{
    return error == EACCES || error == EPERM || error == EROFS;
}

/* A missing sub-directory that cannot be created is an empty, read-only cache. */
static enum nvc_status
open_sub(int top, int umask, bool create, int *out_fd)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(top, DIRECTORY_SUBDIR, flags);

    if (fd < 0 && errno == ENOENT && create) {
        if (mkdirat(top, DIRECTORY_SUBDIR, DIRECTORY_MODE) != 0 && errno != EEXIST)
            return is_no_permission(errno) ? NVC_OK : status_from_errno(errno);
        fd = openat(top, DIRECTORY_SUBDIR, flags);
        if (fd >= 0)
            adopt_directory(top, fd, umask);
        write_tag(top, umask);
    }
    if (fd < 0 && errno != ENOENT)
        return status_from_errno(errno);
    *out_fd = fd;
    return NVC_OK;
}

enum nvc_status
directory_open(const char *dir, int umask, bool create, struct directory *out)
{
    AUTO_FD top = -1;
    AUTO_FD sub = -1;
    struct directory found = DIRECTORY_INIT;
    enum nvc_status st;

    st = open_top(dir, umask, create, &top);
    if (st != NVC_OK)
        return st;
    if (top < 0) {
        *out = found;
        return NVC_OK;
    }
    st = judge(top, &found);
    if (st != NVC_OK)
        return st;
    if (remotefs_of_fd(top) != NULL)
        return NVC_ERR_NETWORK_FS;
    st = open_sub(top, umask, create, &sub);
    if (st != NVC_OK)
        return st;
    if (sub >= 0) {
        st = judge(sub, &found);
        if (st != NVC_OK)
            return st;
        found.writable = faccessat(sub, ".", W_OK, AT_EACCESS) == 0;
    }
    found.fd = sub;
    sub = -1;
    *out = found;
    return NVC_OK;
}

void
directory_close(struct directory *directory)
{
    fs_closep(&directory->fd);
}

bool
directory_accepts(const struct directory *directory, uid_t file_owner)
{
    return directory->shared || file_owner == directory->owner ||
           file_owner == geteuid() || file_owner == 0;
}
