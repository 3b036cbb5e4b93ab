/* Writing outputs as the compiler would.  Must never leave a partial output under its
 * name, except in the one case where only writing in place is possible. */

#include "outfile_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/nvcc/command.h"
#include "nvcache/nvcc/toolchain.h"
#include "session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

int
outfile_is_regular(const char *path)
{
    struct stat info;

    return stat(path, &info) != 0 ? errno == ENOENT : S_ISREG(info.st_mode);
}

/* Seen with 13.0, binutils 2.40 and clang 14: nvcc and its own tools open what is there;
 * as, which leaves that to libbfd, first removes what is not empty; clang writes a file
 * beside it and renames that. */
enum outfile_manner
outfile_manner(const struct session *session)
{
    if (session->command.phase != PHASE_COMPILE)
        return OUTFILE_WRITTEN;
    return toolchain_has_gcc(&session->layout) ? OUTFILE_ASSEMBLED : OUTFILE_REPLACED;
}

/* What lies at a path; `info` is lstat's. */
struct occupant {
    bool exists;
    struct stat info;
};

static struct occupant
look(const char *path)
{
    struct occupant occupant;

    occupant.exists = lstat(path, &occupant.info) == 0;
    return occupant;
}

static bool
is_replaced(const char *path, enum outfile_manner manner, const struct occupant *occupant)
{
    struct stat target;

    if (manner != OUTFILE_ASSEMBLED || !occupant->exists)
        return manner == OUTFILE_REPLACED;
    if (!S_ISLNK(occupant->info.st_mode))
        return occupant->info.st_size != 0;
    return stat(path, &target) == 0 && target.st_size != 0;
}

/* A rename over it would lose a name or a mode that stays when it is opened. */
static bool
is_bound(const struct occupant *occupant)
{
    return occupant->info.st_nlink > 1 || (occupant->info.st_mode & 07000) != 0;
}

static enum nvc_status
write_in_place(const char *path, const void *data, size_t len)
{
    AUTO_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd < 0)
        return status_from_errno(errno);
    return fs_write_full(fd, data, len);
}

static enum nvc_status
replace(const char *path, const void *data, size_t len, mode_t mode)
{
    const enum nvc_status st = tmpfile_write(path, data, len, mode);

    return st == NVC_ERR_PERMISSION ? write_in_place(path, data, len) : st;
}

enum nvc_status
outfile_write(struct arena *arena, const char *path, enum outfile_manner manner,
              const void *data, size_t len)
{
    const struct occupant occupant = look(path);
    const bool is_link = occupant.exists && S_ISLNK(occupant.info.st_mode);

    if (occupant.exists && !is_link && !S_ISREG(occupant.info.st_mode))
        return NVC_ERR_REPLAY;
    if (!occupant.exists || is_replaced(path, manner, &occupant))
        return replace(path, data, len, TMPFILE_NEW_FILE);
    if (is_link) {
        const char *target = fs_realpath(arena, path);

        if (target == NULL)
            return NVC_ERR_REPLAY;
        return outfile_write(arena, target, OUTFILE_WRITTEN, data, len);
    }
    if (access(path, W_OK) != 0)
        return NVC_ERR_REPLAY; /* the compiler says why */
    if (is_bound(&occupant))
        return write_in_place(path, data, len);
    return replace(path, data, len, occupant.info.st_mode & 0777);
}

enum nvc_status
outfile_begin(const char *path, enum outfile_manner manner, struct tmpfile *tmp,
              mode_t *out_mode)
{
    const struct occupant occupant = look(path);
    mode_t mode = TMPFILE_NEW_FILE;
    enum nvc_status st;

    if (occupant.exists && !is_replaced(path, manner, &occupant)) {
        if (!S_ISREG(occupant.info.st_mode) || is_bound(&occupant) ||
            access(path, W_OK) != 0)
            return NVC_MISS;
        mode = occupant.info.st_mode & 0777;
    }
    st = tmpfile_open_mode(tmp, path, mode);
    if (st == NVC_OK)
        *out_mode = mode;
    return st == NVC_ERR_PERMISSION ? NVC_MISS : st;
}
