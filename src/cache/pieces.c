/* Where texts are cut, and how they come together again.
 *
 * cudafe++ prints all that it has read: of 3.2 MB that it makes of a unit of ggml's, 3.1
 * are headers', and another unit's the same.  It prints them between line markers, and
 * whether a text is cut at one depends on nothing but that marker.
 *
 * Must never give back another text: the digests name the bytes. */

#include "pieces_priv.h"

#include "key_priv.h"
#include "nvcache/base/buf.h"
#include "nvcache/cache/config.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <string.h>

enum {
    PIECE_MIN = 16 << 10,
    PIECE_MAX = 256 << 10,
    /* One marker in so many is cut at: pieces of 50 KB, 9 compressed. */
    CUT_AT_ONE_IN = 512,
    /* From here on a text has too many pieces to be one. */
    PIECES_MAX = (int)(RESULT_MAX_PLAIN / PIECE_MIN)
};

static bool
is_cut(const char *line, const char *end)
{
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    const size_t len = (size_t)((line_end != NULL ? line_end : end) - line);

    return checksum64(line, len, 0) % CUT_AT_ONE_IN == 0;
}

size_t
pieces_first(const char *text, size_t len)
{
    const char *const end = text + (len < PIECE_MAX ? len : PIECE_MAX);
    const char *at = text + PIECE_MIN;

    if (len <= PIECE_MIN)
        return len;
    while ((at = memchr(at, '#', (size_t)(end - at))) != NULL) {
        if (at[-1] == '\n' && is_cut(at, end))
            return (size_t)(at - text);
        at++;
    }
    return (size_t)(end - text);
}

static void
name_piece(const void *data, size_t len, struct digest *out)
{
    digest_of("nvcache piece v1", data, len, out);
}

static bool
put_piece(struct session *session, const struct digest *name, const void *data,
          size_t len)
{
    const struct record_key key = key_record(RECORD_PIECE, name);
    struct result result = {.n = 0};
    AUTO_BUF record = BUF_INIT;
    struct store_value value;
    enum nvc_status st;

    if (store_get(session->store, &key, &value) == NVC_OK)
        return true;
    if (!result_add(&result, ROLE_OUTPUT, data, len))
        return false;
    result_encode(&result, session->config->compression_level, &record);
    st = store_put(session->store, &key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
    return st == NVC_OK;
}

bool
pieces_put(struct session *session, const struct buf *text, struct buf *out_list)
{
    if (text->len < PIECES_TEXT_MIN)
        return false;
    wire_put_u64(out_list, text->len);
    for (size_t at = 0; at < text->len;) {
        const char *piece = (const char *)text->data + at;
        const size_t len = pieces_first(piece, text->len - at);
        struct digest name;

        name_piece(piece, len, &name);
        if (!put_piece(session, &name, piece, len))
            return false;
        wire_put_digest(out_list, &name);
        at += len;
    }
    return true;
}

/* Append one.  Its bytes are looked at once more: the record could be another's. */
static enum nvc_status
get_piece(struct session *session, const struct digest *name, struct buf *out)
{
    const struct record_key key = key_record(RECORD_PIECE, name);
    const size_t begin = out->len;
    struct store_value value;
    struct result result;
    struct digest found;
    enum nvc_status st;

    st = store_get(session->store, &key, &value);
    if (st == NVC_OK)
        st = result_decode(value.data, value.len, &result);
    if (st == NVC_OK && (result.n != 1 || result.parts[0].plain_len > PIECE_MAX))
        st = NVC_ERR_CORRUPT;
    if (st == NVC_OK)
        st = result_unpack(&result.parts[0], out);
    if (st != NVC_OK)
        return st;
    name_piece(out->data + begin, out->len - begin, &found);
    return digest_equal(&found, name) ? NVC_OK : NVC_ERR_CORRUPT;
}

enum nvc_status
pieces_get(struct session *session, const void *list, size_t len, struct buf *out_text)
{
    const size_t begin = out_text->len;
    struct wire_reader reader;
    uint64_t text_len;

    wire_read_init(&reader, list, len);
    text_len = wire_u64(&reader);
    if (reader.bad || text_len > RESULT_MAX_PLAIN ||
        (size_t)(reader.end - reader.at) / DIGEST_SIZE > PIECES_MAX)
        return NVC_ERR_LIMIT;
    while (reader.at < reader.end) {
        const struct digest name = wire_digest(&reader);
        const enum nvc_status st =
            reader.bad ? NVC_ERR_CORRUPT : get_piece(session, &name, out_text);

        if (st != NVC_OK)
            return st;
    }
    return out_text->len - begin == text_len ? NVC_OK : NVC_ERR_CORRUPT;
}
