/* Files: whole reads and writes, directories, finding programs.  Every descriptor is
 * close-on-exec, so that no compiler inherits one. */

#include "nvcache/base/fs.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    GROWTH = 65536
};

void
fs_closep(int *fd)
{
    const int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

enum nvc_status
fs_read_fd(int fd, size_t limit, struct buf *out)
{
    const size_t start = out->len;
    struct stat info;
    size_t size = 0;

    if (fstat(fd, &info) == 0 && info.st_size > 0 && (size_t)info.st_size <= limit)
        size = (size_t)info.st_size;
    for (;;) {
        /* One byte more than the file has: the read that finds its end needs no more
         * room. */
        const size_t got = out->len - start;
        const size_t room = got <= size ? size + 1 - got : GROWTH;
        const ssize_t n = read(fd, buf_reserve(out, room), room);

        if (n == 0)
            return NVC_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_from_errno(errno);
        out->len += (size_t)n;
        if (out->len - start > limit)
            return NVC_ERR_LIMIT;
        if (size > 0 && got + (size_t)n == size && (size_t)n < room)
            return NVC_OK; /* that was its end, where it was said to be */
    }
}

enum nvc_status
fs_read(const char *path, size_t limit, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return status_from_errno(errno);
    return fs_read_fd(fd, limit, out);
}

enum nvc_status
fs_pread_full(int fd, void *data, size_t len, off_t at, size_t *out_n)
{
    char *const to = data;
    size_t got = 0;

    while (got < len) {
        const ssize_t n = pread(fd, to + got, len - got, at + (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_from_errno(errno);
        if (n == 0)
            break;
        got += (size_t)n;
    }
    *out_n = got;
    return NVC_OK;
}

enum nvc_status
fs_write_full(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        const ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return status_from_errno(errno);
        at += n;
        len -= (size_t)n;
    }
    return NVC_OK;
}

enum nvc_status
fs_mkdirs(const char *dir, mode_t mode)
{
    struct arena arena = ARENA_INIT;
    enum nvc_status st = NVC_OK;
    struct stat info;

    if (mkdir(dir, mode) == 0)
        return NVC_OK;
    if (errno == ENOENT && strchr(dir, '/') != NULL) {
        st = fs_mkdirs(path_dir(&arena, dir), mode);
        arena_fini(&arena);
        if (st != NVC_OK)
            return st;
        if (mkdir(dir, mode) == 0)
            return NVC_OK;
    }
    if (errno == EEXIST && stat(dir, &info) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(info.st_mode) ? NVC_OK : NVC_ERR_IO;
    }
    return status_from_errno(errno);
}

static void remove_entry(int dir_fd, const char *name);

static void
remove_contents(int fd)
{
    DIR *dir = fdopendir(fd);

    if (dir == NULL) {
        close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_entry(dirfd(dir), entry->d_name);
    closedir(dir);
}

static void
remove_entry(int dir_fd, const char *name)
{
    int fd;

    if (unlinkat(dir_fd, name, 0) == 0)
        return;
    if (errno != EISDIR && errno != EPERM)
        return;
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        remove_contents(fd);
    unlinkat(dir_fd, name, AT_REMOVEDIR);
}

void
fs_inherit_owner(int fd, int dir_fd)
{
    struct stat dir;

    if (geteuid() != 0 || fstat(dir_fd, &dir) != 0 || dir.st_uid == 0)
        return;
    if (fchown(fd, dir.st_uid, dir.st_gid) != 0)
        return; /* a file system without owners */
}

void
fs_remove_tree(const char *dir)
{
    remove_entry(AT_FDCWD, dir);
}

void
fs_empty_dir(int fd)
{
    const int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (copy >= 0)
        remove_contents(copy);
}

char *
fs_read_link(struct arena *arena, const char *path)
{
    char target[PATH_MAX];
    const ssize_t n = readlink(path, target, sizeof(target));

    if (n == (ssize_t)sizeof(target))
        errno = ENAMETOOLONG;
    return n < 0 || n == (ssize_t)sizeof(target)
               ? NULL
               : arena_strndup(arena, target, (size_t)n);
}

char *
fs_realpath(struct arena *arena, const char *path)
{
    char *heap = realpath(path, NULL);
    char *copy;

    if (heap == NULL)
        return NULL;
    copy = arena_strdup(arena, heap);
    free(heap);
    return copy;
}

/* Why execvp() goes on to the next directory.  After any other error it gives up, so that
 * is the program's place, and whoever executes it says what is wrong. */
static bool
is_elsewhere(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG || error == ESTALE || error == ENODEV ||
           error == ETIMEDOUT;
}

static bool
is_program(const char *path)
{
    struct stat st;

    if (access(path, X_OK) != 0 || stat(path, &st) != 0)
        return !is_elsewhere(errno);
    return S_ISREG(st.st_mode);
}

char *
fs_find_program(struct arena *arena, const char *name, const char *search,
                bool (*skip)(const char *path, void *arg), void *arg)
{
    const char *at = search != NULL ? search : getenv("PATH");

    if (strchr(name, '/') != NULL)
        return is_program(name) ? arena_strdup(arena, name) : NULL;
    if (at == NULL || name[0] == '\0')
        return NULL;
    for (;;) {
        const size_t len = strcspn(at, ":");
        const char *dir = len == 0 ? "." : arena_strndup(arena, at, len);
        char *path = path_join(arena, dir, name);

        if (is_program(path) && (skip == NULL || !skip(path, arg)))
            return path;
        if (at[len] == '\0')
            return NULL;
        at += len + 1;
    }
}

enum nvc_status
fs_make_private_dir(struct arena *arena, const char *parent, const char *prefix,
                    char **out_path)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t random;
        char *path;

        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return NVC_ERR_IO;
        path = arena_printf(arena, "%s/%s%016" PRIx64, parent, prefix, random);
        if (mkdir(path, 0700) == 0) {
            *out_path = path;
            return NVC_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return status_from_errno(errno);
}
