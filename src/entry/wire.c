/* Raw bytes to numbers and back.  Every decoder of the program reads through here, so
 * this is the one place where a length from a file meets a pointer.
 *
 * The invariant: at <= end, always; nothing is read unless that many bytes are left. Once
 * `bad` is set the reader is empty and stays so: a decoder cannot go on by mistake.
 * Offsets are never computed by adding to `at` before the length was compared. */

#include "nvcache/entry/wire.h"

#include <string.h>

static void
fail(struct wire_reader *reader)
{
    reader->bad = true;
    reader->at = reader->end;
}

static size_t
left(const struct wire_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

void
wire_read_init(struct wire_reader *reader, const void *data, size_t len)
{
    static const uint8_t nothing[1];

    reader->at = data != NULL ? data : nothing;
    reader->end = reader->at + (data != NULL ? len : 0);
    reader->bad = data == NULL && len > 0;
}

const uint8_t *
wire_bytes(struct wire_reader *reader, size_t len)
{
    const uint8_t *const start = reader->at;

    if (reader->bad || left(reader) < len) {
        fail(reader);
        return NULL;
    }
    reader->at += len;
    return start;
}

struct digest
wire_digest(struct wire_reader *reader)
{
    const uint8_t *bytes = wire_bytes(reader, DIGEST_SIZE);
    struct digest digest = {{0}};

    if (bytes != NULL)
        memcpy(digest.bytes, bytes, DIGEST_SIZE);
    return digest;
}

static uint64_t
read_number(struct wire_reader *reader, size_t size)
{
    const uint8_t *const bytes = wire_bytes(reader, size);
    uint64_t value = 0;

    if (bytes == NULL)
        return 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint8_t
wire_u8(struct wire_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t
wire_u16(struct wire_reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t
wire_u32(struct wire_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t
wire_u64(struct wire_reader *reader)
{
    return read_number(reader, 8);
}

const char *
wire_str(struct wire_reader *reader, size_t max)
{
    const size_t len = wire_u32(reader);
    const uint8_t *bytes;

    if (reader->bad || len > max) {
        fail(reader);
        return "";
    }
    bytes = wire_bytes(reader, len + 1);
    if (bytes == NULL)
        return "";
    if (memchr(bytes, 0, len + 1) != bytes + len) {
        fail(reader);
        return "";
    }
    return (const char *)bytes;
}

uint64_t
wire_varint(struct wire_reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 63 && reader->at < reader->end; shift += 7) {
        const uint8_t byte = *reader->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80 && (byte != 0 || shift == 0))
            return value;
        if (byte < 0x80)
            break;
    }
    fail(reader);
    return 0;
}

const char *
wire_text(struct wire_reader *reader, size_t max)
{
    const uint8_t *const start = reader->at;
    const size_t room = left(reader) < max ? left(reader) : max;
    const uint8_t *const end = room > 0 ? memchr(start, 0, room) : NULL;

    if (end == NULL) {
        fail(reader);
        return "";
    }
    reader->at = end + 1;
    return (const char *)start;
}

uint32_t
wire_count(struct wire_reader *reader, uint32_t max, size_t min_size)
{
    const uint32_t count = wire_u32(reader);

    if (reader->bad)
        return 0;
    if (count > max || (min_size > 0 && count > left(reader) / min_size)) {
        fail(reader);
        return 0;
    }
    return count;
}

bool
wire_done(const struct wire_reader *reader)
{
    return !reader->bad && reader->at == reader->end;
}

static void
put_number(struct buf *buf, uint64_t value, size_t size)
{
    uint8_t *const out = buf_reserve(buf, size);

    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * i);
    buf->len += size;
}

void
wire_put_u8(struct buf *buf, uint8_t value)
{
    put_number(buf, value, 1);
}

void
wire_put_u16(struct buf *buf, uint16_t value)
{
    put_number(buf, value, 2);
}

void
wire_put_u32(struct buf *buf, uint32_t value)
{
    put_number(buf, value, 4);
}

void
wire_put_u64(struct buf *buf, uint64_t value)
{
    put_number(buf, value, 8);
}

void
wire_put_digest(struct buf *buf, const struct digest *digest)
{
    buf_append(buf, digest->bytes, DIGEST_SIZE);
}

void
wire_put_varint(struct buf *buf, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        wire_put_u8(buf, (uint8_t)(value | 0x80));
    wire_put_u8(buf, (uint8_t)value);
}

void
wire_put_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text) + 1);
}

void
wire_put_str(struct buf *buf, const char *text)
{
    const size_t len = strlen(text);

    wire_put_u32(buf, (uint32_t)len);
    buf_append(buf, text, len + 1);
}
