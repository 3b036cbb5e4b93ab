/* Files as text in memory.  Behind the end of a file the rest of its last page is zero:
 * that is the NUL.  A file that fills its last page has none there, and is read. */

#include "nvcache/base/mapped.h"

#include "nvcache/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool
map(int fd, size_t limit, struct mapped *out)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct stat info;
    size_t len;
    void *pages;

    if (fstat(fd, &info) != 0 || info.st_size <= 0 || (size_t)info.st_size > limit ||
        (size_t)info.st_size % page == 0)
        return false;
    len = (size_t)info.st_size;
    pages = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (pages == MAP_FAILED)
        return false;
    out->text = pages;
    out->len = out->pages_len = len;
    return true;
}

enum nvc_status
mapped_open(const char *path, size_t limit, struct mapped *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    enum nvc_status st;

    *out = (struct mapped)MAPPED_INIT;
    if (fd < 0)
        return status_from_errno(errno);
    if (map(fd, limit, out))
        return NVC_OK;
    st = fs_read_fd(fd, limit, &out->copy);
    out->text = buf_str(&out->copy);
    out->len = out->copy.len;
    return st;
}

void
mapped_fini(struct mapped *mapped)
{
    if (mapped->pages_len > 0)
        munmap((void *)(uintptr_t)mapped->text, mapped->pages_len);
    buf_fini(&mapped->copy);
    *mapped = (struct mapped)MAPPED_INIT;
}
