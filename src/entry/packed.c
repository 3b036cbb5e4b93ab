/* Packed bytes.  Must never allocate for a length that the stored bytes cannot have. */

#include "nvcache/entry/packed.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/wire.h"

void
packed_put(int level, const void *data, size_t len, struct buf *out)
{
    wire_put_u32(out, (uint32_t)len);
    if (!compress_pack(level, data, len, out))
        buf_append(out, data, len);
}

enum nvc_status
packed_open(struct arena *arena, const void *data, size_t len, size_t max,
            const uint8_t **out, size_t *out_len)
{
    struct wire_reader reader;
    enum nvc_status st = NVC_OK;
    uint8_t *plain;
    size_t plain_len;

    wire_read_init(&reader, data, len);
    plain_len = wire_u32(&reader);
    if (reader.bad || plain_len > max)
        return NVC_ERR_CORRUPT;
    len -= sizeof(uint32_t);
    if (plain_len == len) {
        *out = reader.at;
        *out_len = len;
        return NVC_OK;
    }
    if (plain_len < len || !compress_is_plausible(len, plain_len))
        return NVC_ERR_CORRUPT;
    plain = arena_room(arena, plain_len);
    st = compress_unpack(reader.at, len, plain, plain_len);
    if (st != NVC_OK)
        return st;
    *out = plain;
    *out_len = plain_len;
    return NVC_OK;
}
