/* zstd behind two functions.  Must never allocate more than the caller has agreed to. */

#include "nvcache/entry/compress.h"

#include "nvcache/base/buf.h"

#include <zstd.h>

enum {
    WINDOW_LOG_MAX = 27
};

bool
compress_pack(int level, const void *data, size_t len, struct buf *out)
{
    const size_t bound = ZSTD_compressBound(len);
    size_t n;

    if (ZSTD_isError(bound))
        return false;
    n = ZSTD_compress(buf_reserve(out, bound), bound, data, len, level);
    if (ZSTD_isError(n) || n >= len)
        return false;
    out->len += n;
    return true;
}

enum nvc_status
compress_unpack(const void *data, size_t len, void *plain, size_t plain_len)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t n;

    if (context == NULL)
        return NVC_ERR_NOMEM;
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    n = ZSTD_decompressDCtx(context, plain, plain_len, data, len);
    ZSTD_freeDCtx(context);
    return !ZSTD_isError(n) && n == plain_len ? NVC_OK : NVC_ERR_CORRUPT;
}

bool
compress_is_plausible(size_t len, size_t plain_len)
{
    /* zstd stores a run of one byte in about a 30,000th of its length. */
    return plain_len / 32768 <= len + 64;
}
