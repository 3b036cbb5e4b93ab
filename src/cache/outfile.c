/* Writing outputs as the compiler would.  Must never leave a partial output under its
 * name, except in the one case where only writing in place is possible. */

#include "outfile_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int
outfile_is_regular(const char *path)
{
    struct stat info;

    return stat(path, &info) != 0 ? errno == ENOENT : S_ISREG(info.st_mode);
}

static enum nvc_status
write_in_place(const char *path, const void *data, size_t len)
{
    AUTO_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd < 0)
        return status_from_errno(errno);
    return fs_write_full(fd, data, len);
}

enum nvc_status
outfile_write(struct arena *arena, const char *path, const void *data, size_t len)
{
    struct stat info;
    const bool exists = lstat(path, &info) == 0;
    enum nvc_status st;

    if (exists && S_ISLNK(info.st_mode)) {
        const char *target = fs_realpath(arena, path);

        if (target == NULL)
            return NVC_ERR_REPLAY;
        return outfile_write(arena, target, data, len);
    }
    if (exists && !S_ISREG(info.st_mode))
        return NVC_ERR_REPLAY;
    if (exists && info.st_nlink > 1)
        return write_in_place(path, data, len);
    st = tmpfile_write(path, data, len, exists ? info.st_mode & 0777 : TMPFILE_NEW_FILE);
    if (st == NVC_ERR_PERMISSION && exists)
        return write_in_place(path, data, len);
    return st;
}

enum nvc_status
outfile_begin(const char *path, struct tmpfile *tmp, mode_t *out_mode)
{
    struct stat info;
    const bool exists = lstat(path, &info) == 0;
    const mode_t mode = exists ? info.st_mode & 0777 : TMPFILE_NEW_FILE;
    enum nvc_status st;

    if (exists && (!S_ISREG(info.st_mode) || info.st_nlink > 1))
        return NVC_MISS;
    st = tmpfile_open_mode(tmp, path, mode);
    if (st == NVC_OK)
        *out_mode = mode;
    return st == NVC_ERR_PERMISSION ? NVC_MISS : st;
}
