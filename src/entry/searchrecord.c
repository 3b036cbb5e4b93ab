/* The bytes of search records.
 *
 *   chain:  plain_len u32, then zstd (or plain, when that is no shorter) of
 *           found 32 | chain: places | names: u32 n, n x (is_next u8, name)
 *   quotes: found 32 | place | u32 n, n x name */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/wire.h"
#include "place_priv.h"

#include <string.h>

enum {
    PLAIN_MAX = 64 << 20,
    NAMES_MAX = 1 << 20,
    STR_MIN = 5,
    LEVEL = 1
};

static void
put_names(struct buf *out, const struct search_record *search)
{
    wire_put_u32(out, (uint32_t)search->n_names);
    for (size_t i = 0; i < search->n_names; i++) {
        wire_put_u8(out, search->names[i].is_next != 0);
        wire_put_str(out, search->names[i].name);
    }
}

void
search_chain_encode(const struct search_record *search, struct buf *out)
{
    AUTO_BUF plain = BUF_INIT;
    bool packed;

    buf_append(&plain, search->found.bytes, DIGEST_SIZE);
    place_list_put(&plain, search->chain, search->n_chain);
    put_names(&plain, search);
    wire_put_u32(out, (uint32_t)plain.len);
    packed = compress_pack(LEVEL, plain.data, plain.len, out);
    if (!packed)
        buf_append(out, plain.data, plain.len);
}

void
search_quotes_encode(const struct search_quotes *quotes, struct buf *out)
{
    buf_append(out, quotes->found.bytes, DIGEST_SIZE);
    place_put(out, &quotes->dir);
    wire_put_u32(out, (uint32_t)quotes->n);
    for (size_t i = 0; i < quotes->n; i++)
        wire_put_str(out, quotes->names[i]);
}

static void
read_digest(struct wire_reader *reader, struct digest *out)
{
    const uint8_t *bytes = wire_bytes(reader, DIGEST_SIZE);

    if (bytes != NULL)
        memcpy(out->bytes, bytes, DIGEST_SIZE);
}

static void
read_names(struct arena *arena, struct wire_reader *reader, struct search_record *out)
{
    out->n_names = wire_count(reader, NAMES_MAX, 1 + STR_MIN);
    out->names = arena_array(arena, out->n_names, sizeof(*out->names));
    for (size_t i = 0; i < out->n_names; i++) {
        out->names[i].is_next = wire_u8(reader);
        out->names[i].name = wire_str(reader, PLACE_MAX);
    }
}

/* The plain bytes, in the arena when they had to be unpacked. */
static enum nvc_status
unpack(struct arena *arena, const void *data, size_t len, struct wire_reader *out)
{
    struct wire_reader reader;
    uint32_t plain_len;
    uint8_t *plain;
    enum nvc_status st;

    wire_read_init(&reader, data, len);
    plain_len = wire_u32(&reader);
    if (reader.bad || plain_len > PLAIN_MAX)
        return NVC_ERR_CORRUPT;
    len -= sizeof(uint32_t);
    if (plain_len == len) {
        wire_read_init(out, reader.at, len);
        return NVC_OK;
    }
    if (!compress_is_plausible(len, plain_len))
        return NVC_ERR_CORRUPT;
    plain = arena_alloc(arena, plain_len);
    st = compress_unpack(reader.at, len, plain, plain_len);
    wire_read_init(out, plain, plain_len);
    return st;
}

enum nvc_status
search_chain_decode(struct arena *arena, const void *data, size_t len,
                    struct search_record *out)
{
    struct search_record search = {0};
    struct wire_reader reader;
    const enum nvc_status st = unpack(arena, data, len, &reader);

    if (st != NVC_OK)
        return st;
    read_digest(&reader, &search.found);
    search.chain = place_list_read(arena, &reader, &search.n_chain);
    read_names(arena, &reader, &search);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = search;
    return NVC_OK;
}

enum nvc_status
search_quotes_decode(struct arena *arena, const void *data, size_t len,
                     struct search_quotes *out)
{
    struct search_quotes quotes;
    struct wire_reader reader;

    wire_read_init(&reader, data, len);
    read_digest(&reader, &quotes.found);
    place_read(&reader, &quotes.dir);
    quotes.n = wire_count(&reader, NAMES_MAX, STR_MIN);
    quotes.names = arena_array(arena, quotes.n, sizeof(*quotes.names));
    for (size_t i = 0; i < quotes.n; i++)
        quotes.names[i] = wire_str(&reader, PLACE_MAX);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = quotes;
    return NVC_OK;
}
