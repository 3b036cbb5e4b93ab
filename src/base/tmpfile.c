/* Files that appear complete or not at all: written beside the target, renamed over it.
 * Must never leave a partial target, and never follow a link planted under its own name.
 */

#include "nvcache/base/tmpfile.h"

#include "nvcache/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static char *
temporary_name(const char *target)
{
    uint64_t random;
    char *path = NULL;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return NULL;
    if (asprintf(&path, "%s.%016" PRIx64 ".nvcache-tmp", target, random) < 0)
        return NULL;
    return path;
}

enum nvc_status
tmpfile_open_mode(struct tmpfile *tmp, const char *target, mode_t mode)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    tmp->path = temporary_name(target);
    tmp->target = strdup(target);
    if (tmp->path == NULL || tmp->target == NULL) {
        tmpfile_discard(tmp);
        return NVC_ERR_NOMEM;
    }
    tmp->fd = open(tmp->path, flags, mode == TMPFILE_NEW_FILE ? 0666 : 0600);
    if (tmp->fd < 0) {
        const enum nvc_status st = status_from_errno(errno);

        free(tmp->path);
        tmp->path = NULL;
        tmpfile_discard(tmp);
        return st;
    }
    return NVC_OK;
}

enum nvc_status
tmpfile_open(struct tmpfile *tmp, const char *target)
{
    return tmpfile_open_mode(tmp, target, 0600);
}

enum nvc_status
tmpfile_publish(struct tmpfile *tmp, mode_t mode)
{
    enum nvc_status st = NVC_OK;
    const int fd = tmp->fd;

    if (mode != TMPFILE_NEW_FILE && fchmod(fd, mode) != 0)
        st = status_from_errno(errno);
    tmp->fd = -1;
    if (close(fd) != 0 && st == NVC_OK)
        st = status_from_errno(errno);
    if (st == NVC_OK && rename(tmp->path, tmp->target) != 0)
        st = status_from_errno(errno);
    if (st == NVC_OK) {
        free(tmp->path);
        tmp->path = NULL;
    }
    tmpfile_discard(tmp);
    return st;
}

void
tmpfile_discard(struct tmpfile *tmp)
{
    const int saved = errno;

    fs_closep(&tmp->fd);
    if (tmp->path != NULL)
        unlink(tmp->path);
    free(tmp->path);
    free(tmp->target);
    tmp->path = NULL;
    tmp->target = NULL;
    errno = saved;
}

enum nvc_status
tmpfile_write(const char *target, const void *data, size_t len, mode_t mode)
{
    AUTO_TMP tmp = TMPFILE_INIT;
    enum nvc_status st = tmpfile_open_mode(&tmp, target, mode);

    if (st == NVC_OK)
        st = fs_write_full(tmp.fd, data, len);
    if (st == NVC_OK)
        st = tmpfile_publish(&tmp, mode);
    return st;
}
