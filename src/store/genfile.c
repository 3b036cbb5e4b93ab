/* The file of one generation, before LMDB sees it.  What was judged is what is opened:
 * LMDB gets the descriptor (engine_open), so that nothing happens between a look at a
 * file and its use, whatever is moved under its name or above it meanwhile.
 *
 * Must never wait: the store's lock is held by whoever claims a file. */

#include "genfile_priv.h"

#include "catalog_priv.h"
#include "metapage_priv.h"
#include "treecheck_priv.h"

#include "nvcache/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0664

enum nvc_status
genfile_open(const struct store *store, const struct generation *generation, int *out_fd)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    char name[GENERATION_NAME];
    struct stat info;
    AUTO_FD fd = -1;

    catalog_name(generation->number, name);
    fd = openat(store->directory.fd, name, flags);
    if (fd < 0 && errno == ENOENT)
        return NVC_MISS;
    if (fd < 0)
        return errno == ELOOP ? NVC_ERR_GENERATION : status_from_errno(errno);
    if (fstat(fd, &info) != 0)
        return status_from_errno(errno);
    if (!S_ISREG(info.st_mode) || !directory_accepts(&store->directory, info.st_uid))
        return NVC_ERR_OWNER;
    *out_fd = fd;
    fd = -1;
    return NVC_OK;
}

enum nvc_status
genfile_create(const struct store *store, const char *name, int *out_fd)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const int dir = store->directory.fd;
    int fd;

    /* A leftover of a process that died here: we hold its lock. */
    unlinkat(dir, name, 0);
    fd = openat(dir, name, flags, FILE_MODE);
    if (fd < 0)
        return status_from_errno(errno);
    directory_adopt(dir, fd, store->umask);
    *out_fd = fd;
    return NVC_OK;
}

enum nvc_status
genfile_claim(int fd)
{
    struct stat info;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? NVC_ERR_LOCK : NVC_ERR_IO;
    if (fstat(fd, &info) != 0)
        return status_from_errno(errno);
    return info.st_nlink > 1 ? NVC_ERR_OWNER : NVC_OK;
}

enum nvc_status
genfile_examine(int fd, struct generation *generation, const struct record_key *to_add)
{
    struct metapage meta;
    struct stat info;
    enum nvc_status st;

    if (fstat(fd, &info) != 0)
        return status_from_errno(errno);
    st = metapage_check(fd, (uint64_t)info.st_size, &meta);
    if (st != NVC_OK)
        return st;
    generation->size = meta.file_size;
    generation->page_size = meta.page_size;
    if (to_add != NULL && !treecheck_may_add(fd, &meta, to_add))
        return NVC_ERR_GENERATION;
    return NVC_OK;
}
