/* The bytes of a result record.
 *
 *   version u16 | n u16 | n x (role u8 | codec u8 | plain_len u64 | stored_len u64 |
 *   checksum lo u64, hi u64) | the stored bytes of each part, in order
 *
 * The checksum is of the plain bytes: what is checked is what is written out. */

#include "nvcache/entry/result.h"

#include "nvcache/base/buf.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/wire.h"

enum {
    CODEC_RAW = 0,
    CODEC_ZSTD = 1
};

bool
result_add(struct result *result, enum result_role role, const void *data, size_t len)
{
    if (result->n == RESULT_MAX_PARTS || len > RESULT_MAX_PLAIN)
        return false;
    result->parts[result->n++] = (struct result_part){
        .role = role,
        .data = data,
        .len = len,
        .plain_len = len,
        .checksum = checksum128(data, len, 0),
    };
    return true;
}

static void
put_header(struct buf *out, const struct result_part *part, unsigned codec, size_t stored)
{
    wire_put_u8(out, (uint8_t)part->role);
    wire_put_u8(out, (uint8_t)codec);
    wire_put_u64(out, part->plain_len);
    wire_put_u64(out, stored);
    wire_put_u64(out, part->checksum.lo);
    wire_put_u64(out, part->checksum.hi);
}

void
result_encode(const struct result *result, int level, struct buf *out)
{
    AUTO_BUF bodies = BUF_INIT;

    wire_put_u16(out, RESULT_VERSION);
    wire_put_u16(out, (uint16_t)result->n);
    for (size_t i = 0; i < result->n; i++) {
        const struct result_part *part = &result->parts[i];
        const size_t begin = bodies.len;
        const bool packed = compress_pack(level, part->data, part->plain_len, &bodies);

        if (!packed)
            buf_append(&bodies, part->data, part->plain_len);
        put_header(out, part, packed ? CODEC_ZSTD : CODEC_RAW, bodies.len - begin);
    }
    buf_append(out, bodies.data, bodies.len);
}

static bool
is_acceptable(const struct result_part *part, unsigned codec)
{
    if (part->role < ROLE_OUTPUT || part->role >= ROLE_LIMIT)
        return false;
    if (part->plain_len > RESULT_MAX_PLAIN)
        return false;
    if (codec == CODEC_RAW)
        return part->len == part->plain_len;
    return codec == CODEC_ZSTD && part->len < part->plain_len &&
           compress_is_plausible(part->len, part->plain_len);
}

static void
read_header(struct wire_reader *reader, struct result_part *part)
{
    unsigned codec;

    part->role = (enum result_role)wire_u8(reader);
    codec = wire_u8(reader);
    part->plain_len = wire_u64(reader);
    part->len = wire_u64(reader);
    part->checksum.lo = wire_u64(reader);
    part->checksum.hi = wire_u64(reader);
    if (!is_acceptable(part, codec))
        reader->bad = true;
}

enum nvc_status
result_decode(const void *data, size_t len, struct result *out)
{
    struct wire_reader reader;
    struct result result = {0};

    wire_read_init(&reader, data, len);
    if (wire_u16(&reader) != RESULT_VERSION)
        return NVC_ERR_FORMAT;
    result.n = wire_u16(&reader);
    if (result.n > RESULT_MAX_PARTS)
        return NVC_ERR_LIMIT;
    for (size_t i = 0; i < result.n; i++)
        read_header(&reader, &result.parts[i]);
    for (size_t i = 0; i < result.n && !reader.bad; i++)
        result.parts[i].data = wire_bytes(&reader, result.parts[i].len);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = result;
    return NVC_OK;
}

const struct result_part *
result_find(const struct result *result, enum result_role role)
{
    for (size_t i = 0; i < result->n; i++)
        if (result->parts[i].role == role)
            return &result->parts[i];
    return NULL;
}

enum nvc_status
result_unpack(const struct result_part *part, struct buf *out)
{
    uint8_t *plain = buf_reserve(out, part->plain_len);
    struct checksum checksum;

    if (part->len == part->plain_len) {
        buf_append(out, part->data, part->len);
    } else {
        const enum nvc_status st =
            compress_unpack(part->data, part->len, plain, part->plain_len);

        if (st != NVC_OK)
            return st;
        out->len += part->plain_len;
    }
    checksum = checksum128(out->data + out->len - part->plain_len, part->plain_len, 0);
    if (checksum.lo != part->checksum.lo || checksum.hi != part->checksum.hi)
        return NVC_ERR_CORRUPT;
    return NVC_OK;
}

struct stream {
    struct checksum_state *checksum;
    compress_writer *write;
    void *arg;
};

static enum nvc_status
pass_on(void *arg, const void *data, size_t len)
{
    const struct stream *stream = arg;

    checksum_add(stream->checksum, data, len);
    return stream->write(stream->arg, data, len);
}

enum nvc_status
result_stream(const struct result_part *part, compress_writer *write, void *arg)
{
    struct stream stream = {checksum_begin(0), write, arg};
    struct checksum checksum;
    enum nvc_status st;

    if (stream.checksum == NULL)
        return NVC_ERR_NOMEM;
    if (part->len == part->plain_len)
        st = pass_on(&stream, part->data, part->len);
    else
        st = compress_stream(part->data, part->len, part->plain_len, pass_on, &stream);
    checksum = checksum_end(stream.checksum);
    if (st == NVC_OK &&
        (checksum.lo != part->checksum.lo || checksum.hi != part->checksum.hi))
        st = NVC_ERR_CORRUPT;
    return st;
}
