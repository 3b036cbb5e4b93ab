/* Digests of files, and the memo that saves computing them. */

#include "nvcache/digest/filedigest.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/memo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Reading into a buffer beats mapping: for headers by two page faults and an unmap each.
 */
enum {
    SEED_FILE = 1,
    PIECE = 256 << 10 /* stays in the processor's cache until it is hashed */
};

static const char DOMAIN[] = "nvcache file v1";

static struct checksum
memo_key(const struct stamp *stamp)
{
    return checksum128(stamp, sizeof(*stamp), SEED_FILE);
}

void
filedigest_of_bytes(const void *data, size_t len, struct digest *out)
{
    digest_of(DOMAIN, data, len, out);
}

/* What has been written behind `size` meanwhile does not belong to the stamp. */
static enum nvc_status
digest_fd(int fd, size_t size, struct buf *buf, struct digest *out)
{
    struct hasher hasher;

    if (size > FILEDIGEST_MAX_SIZE)
        return NVC_ERR_LIMIT;
    hasher_init(&hasher, DOMAIN);
    hasher_bytes_begin(&hasher, size);
    while (size > 0) {
        const size_t room = size < PIECE ? size : PIECE;
        const ssize_t n = read(fd, buf_reserve(buf, room), room);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_from_errno(errno);
        if (n == 0)
            return NVC_MISS;
        hasher_bytes_more(&hasher, buf->data, (size_t)n);
        size -= (size_t)n;
    }
    hasher_final(&hasher, out);
    return NVC_OK;
}

enum nvc_status
filedigest_read(const char *path, const struct stamp *stamp, struct buf *buf,
                struct digest *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    struct stamp now;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? NVC_MISS : status_from_errno(errno);
    if (fstat(fd, &info) != 0)
        return status_from_errno(errno);
    now = stamp_of(&info);
    if (!S_ISREG(info.st_mode) || memcmp(&now, stamp, sizeof(now)) != 0)
        return NVC_MISS;
    buf_clear(buf);
    return digest_fd(fd, (size_t)info.st_size, buf, out);
}

bool
filedigest_is_known(const struct memo *memo, const struct stamp *stamp,
                    struct digest *out)
{
    return memo_get(memo, memo_key(stamp), out);
}

enum nvc_status
filedigest_get(struct memo *memo, const char *path, const struct stamp *stamp,
               int64_t now_ns, struct digest *out)
{
    AUTO_BUF buf = BUF_INIT;
    enum nvc_status st;

    if (filedigest_is_known(memo, stamp, out))
        return NVC_OK;
    st = filedigest_read(path, stamp, &buf, out);
    if (st == NVC_OK)
        filedigest_learn(memo, stamp, now_ns, out);
    return st;
}

void
filedigest_learn(struct memo *memo, const struct stamp *stamp, int64_t now_ns,
                 const struct digest *digest)
{
    if (stamp_is_settled(stamp, now_ns))
        memo_put(memo, memo_key(stamp), digest);
}

void
filedigest_of_read(struct memo *memo, const struct stamp *stamp, int64_t now_ns,
                   const void *data, size_t len, struct digest *out)
{
    if (memo_get(memo, memo_key(stamp), out))
        return;
    filedigest_of_bytes(data, len, out);
    filedigest_learn(memo, stamp, now_ns, out);
}
