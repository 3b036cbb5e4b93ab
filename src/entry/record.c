/* The envelope of a stored value: length, key and checksum around the payload.
 *
 * It turns every kind of damage - a flipped bit, a torn page, a value that belongs to
 * another key - into ERR_CORRUPT before anybody looks at the payload.  The checksum finds
 * accidents; it does not authenticate: whoever can write the cache can seal a record.
 *
 * The checksum of the header seeds the checksum of key and payload, which lie behind one
 * another, so that nothing is copied for it. */

#include "nvcache/entry/record.h"

#include "nvcache/digest/checksum.h"
#include "nvcache/entry/wire.h"

#include <string.h>

#define MAGIC         0x3152564eU /* "NVR1" */
#define CHECKSUM_AT   16
#define CHECKSUM_SIZE 8

_Static_assert(CHECKSUM_AT + CHECKSUM_SIZE == RECORD_HEADER_SIZE, "layout of the header");

size_t
record_size(const struct record_key *key, size_t payload_len)
{
    return RECORD_HEADER_SIZE + (size_t)key->len + payload_len;
}

static uint64_t
checksum_of(const uint8_t *record, size_t len)
{
    const uint64_t seed = checksum64(record, CHECKSUM_AT, 0);

    return checksum64(record + RECORD_HEADER_SIZE, len - RECORD_HEADER_SIZE, seed);
}

void
record_seal(const struct record_key *key, const void *payload, size_t payload_len,
            uint8_t *out)
{
    AUTO_BUF head = BUF_INIT;

    wire_put_u32(&head, MAGIC);
    wire_put_u8(&head, RECORD_VERSION);
    wire_put_u8(&head, key->len);
    wire_put_u16(&head, 0);
    wire_put_u64(&head, payload_len);
    memcpy(out, head.data, CHECKSUM_AT);
    memcpy(out + RECORD_HEADER_SIZE, key->bytes, key->len);
    if (payload_len > 0)
        memcpy(out + RECORD_HEADER_SIZE + key->len, payload, payload_len);
    buf_clear(&head);
    wire_put_u64(&head, checksum_of(out, record_size(key, payload_len)));
    memcpy(out + CHECKSUM_AT, head.data, CHECKSUM_SIZE);
}

struct header {
    uint8_t key_len;
    uint64_t payload_len;
    uint64_t checksum;
};

static enum nvc_status
read_header(struct wire_reader *reader, struct header *out)
{
    const uint32_t magic = wire_u32(reader);
    const uint8_t version = wire_u8(reader);

    out->key_len = wire_u8(reader);
    if (wire_u16(reader) != 0 || magic != MAGIC)
        return NVC_ERR_CORRUPT;
    out->payload_len = wire_u64(reader);
    out->checksum = wire_u64(reader);
    if (reader->bad)
        return NVC_ERR_CORRUPT;
    if (version != RECORD_VERSION)
        return NVC_ERR_FORMAT;
    return out->payload_len > RECORD_PAYLOAD_MAX ? NVC_ERR_LIMIT : NVC_OK;
}

enum nvc_status
record_open(const struct record_key *key, const void *data, size_t len,
            const uint8_t **out_payload, size_t *out_len)
{
    struct wire_reader reader;
    struct header header;
    const uint8_t *stored_key, *payload;
    enum nvc_status st;

    wire_read_init(&reader, data, len);
    st = read_header(&reader, &header);
    if (st != NVC_OK)
        return st;
    stored_key = wire_bytes(&reader, header.key_len);
    payload = wire_bytes(&reader, header.payload_len);
    if (!wire_done(&reader) || header.key_len != key->len ||
        memcmp(stored_key, key->bytes, key->len) != 0)
        return NVC_ERR_CORRUPT;
    if (checksum_of(data, len) != header.checksum)
        return NVC_ERR_CORRUPT;
    *out_payload = payload;
    *out_len = header.payload_len;
    return NVC_OK;
}
