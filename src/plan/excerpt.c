/* Finding the bytes of a step in the output, and taking them out again.
 *
 * Nothing is known here of how device images are laid out: the bytes themselves are
 * looked for, and every zstd frame of their length is tried.  Must never believe a place.
 */

#include "nvcache/plan/excerpt.h"

#include "nvcache/base/buf.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/plan/image.h"

#include <string.h>

enum {
    /* By so many bytes a place is found before the rest is compared: an ELF header says
     * how long the file is. */
    ANCHOR = 64,
    /* Frames of the right length, of which each is unpacked. */
    TRIES_MAX = 64
};

static bool
find_plain(const uint8_t *output, size_t output_len, const uint8_t *bytes, size_t len,
           size_t *out_at)
{
    const size_t anchor = len < ANCHOR ? len : ANCHOR;
    const uint8_t *at = output;

    while (anchor > 0 && output_len > 0 &&
           (at = memmem(at, output_len - (size_t)(at - output), bytes, anchor)) != NULL) {
        if (len <= output_len - (size_t)(at - output) && memcmp(at, bytes, len) == 0) {
            *out_at = (size_t)(at - output);
            return true;
        }
        at++;
    }
    return false;
}

static bool
is_frame_of(const void *frame, size_t frame_len, const void *bytes, size_t len)
{
    AUTO_BUF plain = BUF_INIT;

    return compress_unpack(frame, frame_len, buf_reserve(&plain, len), len) == NVC_OK &&
           memcmp(plain.data, bytes, len) == 0;
}

static const uint8_t *
next_frame(const uint8_t *at, size_t len)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};

    return len > 0 ? memmem(at, len, magic, sizeof(magic)) : NULL;
}

bool
excerpt_has_frames(const void *output, size_t output_len)
{
    return next_frame(output, output_len) != NULL;
}

static bool
find_frame(const uint8_t *output, size_t output_len, const uint8_t *bytes, size_t len,
           struct excerpt *out)
{
    const uint8_t *at = output;
    int tries = 0;

    while ((at = next_frame(at, output_len - (size_t)(at - output))) != NULL) {
        const size_t left = output_len - (size_t)(at - output);
        const size_t frame_len = compress_frame_len(at, left, len);

        if (frame_len > 0 && tries++ < TRIES_MAX &&
            is_frame_of(at, frame_len, bytes, len)) {
            out->at = (uint64_t)(at - output);
            out->len = frame_len;
            return true;
        }
        at++;
    }
    return false;
}

bool
excerpt_find(const void *output, size_t output_len, const void *bytes, size_t len,
             struct excerpt *out)
{
    size_t at;

    *out = (struct excerpt){.kind = EXCERPT_PLAIN, .len = len, .plain_len = len};
    if (find_plain(output, output_len, bytes, len, &at)) {
        out->at = at;
        return true;
    }
    out->kind = EXCERPT_FRAME;
    return len > 0 && find_frame(output, output_len, bytes, len, out);
}

bool
excerpt_find_around(const void *object, size_t object_len, const void *image,
                    size_t image_len, size_t plain_len, struct excerpt *out)
{
    size_t at;

    *out = (struct excerpt){
        .kind = EXCERPT_AROUND, .len = image_len, .plain_len = plain_len};
    if (!find_plain(object, object_len, image, image_len, &at))
        return false;
    out->at = at;
    return true;
}

/* ---- the way back ---- */

static enum nvc_status
take_frame(const uint8_t *frame, const struct excerpt *excerpt, struct buf *out)
{
    uint8_t *plain;

    if (!compress_is_plausible(excerpt->len, excerpt->plain_len))
        return NVC_ERR_CORRUPT;
    plain = buf_reserve(out, excerpt->plain_len);
    if (compress_unpack(frame, excerpt->len, plain, excerpt->plain_len) != NVC_OK)
        return NVC_ERR_CORRUPT;
    out->len += excerpt->plain_len;
    return NVC_OK;
}

static enum nvc_status
take_around(const uint8_t *object, size_t object_len, const struct excerpt *excerpt,
            struct buf *out)
{
    const size_t before = out->len;
    const enum nvc_status st =
        image_strip(object, object_len, object + excerpt->at, excerpt->len, out);

    if (st != NVC_OK || out->len - before == excerpt->plain_len)
        return st;
    out->len = before;
    return NVC_ERR_CORRUPT;
}

enum nvc_status
excerpt_take(const void *output, size_t output_len, const struct excerpt *excerpt,
             struct buf *out)
{
    const uint8_t *const bytes = output;

    if (excerpt->at > output_len || excerpt->len > output_len - excerpt->at ||
        excerpt->plain_len > RESULT_MAX_PLAIN)
        return NVC_ERR_CORRUPT;
    switch (excerpt->kind) {
    case EXCERPT_PLAIN:
        if (excerpt->len != excerpt->plain_len)
            return NVC_ERR_CORRUPT;
        buf_append(out, bytes + excerpt->at, excerpt->len);
        return NVC_OK;
    case EXCERPT_FRAME:
        return take_frame(bytes + excerpt->at, excerpt, out);
    case EXCERPT_AROUND:
        return take_around(bytes, output_len, excerpt, out);
    }
    return NVC_ERR_CORRUPT;
}

void
excerpt_encode(const struct excerpt *excerpt, struct buf *out)
{
    wire_put_u8(out, (uint8_t)excerpt->kind);
    wire_put_u64(out, excerpt->at);
    wire_put_u64(out, excerpt->len);
    wire_put_u64(out, excerpt->plain_len);
}

bool
excerpt_decode(struct wire_reader *reader, struct excerpt *out)
{
    const unsigned kind = wire_u8(reader);

    out->kind = (enum excerpt_kind)kind;
    out->at = wire_u64(reader);
    out->len = wire_u64(reader);
    out->plain_len = wire_u64(reader);
    return !reader->bad && kind >= EXCERPT_PLAIN && kind <= EXCERPT_AROUND;
}
