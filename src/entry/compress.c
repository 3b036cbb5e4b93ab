/* zstd behind two functions.  Must never allocate more than the caller has agreed to.
 *
 * A context is kept from call to call: making one asks the processor three times what it
 * is, and each of those costs some 10 microseconds on a virtual machine. */

#include "nvcache/entry/compress.h"

#include "nvcache/base/buf.h"

#include <stdatomic.h>
#include <zstd.h>

enum {
    WINDOW_LOG_MAX = 27,
    PIECE = 256 << 10
};

static _Atomic(ZSTD_DCtx *) spare;
static _Atomic(ZSTD_CCtx *) spare_packer;

/* NULL: no memory. */
static ZSTD_DCtx *
take_context(void)
{
    ZSTD_DCtx *context = atomic_exchange(&spare, NULL);

    if (context == NULL)
        context = ZSTD_createDCtx();
    else
        ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
    if (context != NULL)
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return context;
}

static void
give_back(ZSTD_DCtx *context)
{
    ZSTD_freeDCtx(atomic_exchange(&spare, context));
}

bool
compress_pack(int level, const void *data, size_t len, struct buf *out)
{
    const size_t bound = ZSTD_compressBound(len);
    ZSTD_CCtx *packer;
    size_t n;

    if (ZSTD_isError(bound))
        return false;
    packer = atomic_exchange(&spare_packer, NULL);
    if (packer == NULL)
        packer = ZSTD_createCCtx();
    if (packer == NULL)
        return false;
    n = ZSTD_compressCCtx(packer, buf_reserve(out, bound), bound, data, len, level);
    ZSTD_freeCCtx(atomic_exchange(&spare_packer, packer));
    if (ZSTD_isError(n) || n >= len)
        return false;
    out->len += n;
    return true;
}

enum nvc_status
compress_unpack(const void *data, size_t len, void *plain, size_t plain_len)
{
    ZSTD_DCtx *const context = take_context();
    size_t n;

    if (context == NULL)
        return NVC_ERR_NOMEM;
    n = ZSTD_decompressDCtx(context, plain, plain_len, data, len);
    give_back(context);
    return !ZSTD_isError(n) && n == plain_len ? NVC_OK : NVC_ERR_CORRUPT;
}

static enum nvc_status
unpack_at_once(const void *data, size_t len, size_t plain_len, compress_writer *write,
               void *arg)
{
    AUTO_BUF plain = BUF_INIT;
    void *const room = buf_reserve(&plain, plain_len);
    const enum nvc_status st = compress_unpack(data, len, room, plain_len);

    return st == NVC_OK ? write(arg, room, plain_len) : st;
}

static enum nvc_status
stream(ZSTD_DCtx *context, ZSTD_inBuffer *in, size_t plain_len, compress_writer *write,
       void *arg)
{
    AUTO_BUF piece = BUF_INIT;
    size_t left = plain_len;
    size_t hint = 1;

    while (hint != 0) {
        ZSTD_outBuffer out = {buf_reserve(&piece, PIECE), PIECE, 0};
        enum nvc_status st;

        hint = ZSTD_decompressStream(context, &out, in);
        if (ZSTD_isError(hint) || out.pos > left || (out.pos == 0 && hint != 0))
            return NVC_ERR_CORRUPT;
        left -= out.pos;
        st = write(arg, out.dst, out.pos);
        if (st != NVC_OK)
            return st;
    }
    return left == 0 && in->pos == in->size ? NVC_OK : NVC_ERR_CORRUPT;
}

enum nvc_status
compress_stream(const void *data, size_t len, size_t plain_len, compress_writer *write,
                void *arg)
{
    ZSTD_inBuffer in = {data, len, 0};
    ZSTD_DCtx *context;
    enum nvc_status st;

    if (plain_len <= PIECE)
        return unpack_at_once(data, len, plain_len, write, arg);
    context = take_context();
    if (context == NULL)
        return NVC_ERR_NOMEM;
    st = stream(context, &in, plain_len, write, arg);
    give_back(context);
    return st;
}

size_t
compress_frame_len(const void *data, size_t len, size_t plain_len)
{
    size_t frame_len;

    if (ZSTD_getFrameContentSize(data, len) != plain_len)
        return 0;
    frame_len = ZSTD_findFrameCompressedSize(data, len);
    return ZSTD_isError(frame_len) ? 0 : frame_len;
}

bool
compress_is_plausible(size_t len, size_t plain_len)
{
    /* zstd stores a run of one byte in about a 30,000th of its length. */
    return plain_len / 32768 <= len + 64;
}
