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

static mode_t
new_file_mode(void)
{
    const mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
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
    st = tmpfile_write(path, data, len, exists ? info.st_mode & 0777 : new_file_mode());
    if (st == NVC_ERR_PERMISSION && exists)
        return write_in_place(path, data, len);
    return st;
}
