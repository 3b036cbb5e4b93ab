#ifndef NVCACHE_ENTRY_RECORD_H
#define NVCACHE_ENTRY_RECORD_H

#include "nvcache/base/status.h"

#include <stddef.h>
#include <stdint.h>

/* The envelope of every stored value.
 *
 *   magic u32 | version u8 | key_len u8 | reserved u16 | payload_len u64 | xxh3 u64 | key
 * | payload
 *
 * The checksum is over everything before it, the key and the payload.  A record is bound
 * to its key: one that was moved to another key does not open. */

#define RECORD_VERSION     1
#define RECORD_HEADER_SIZE 24
#define RECORD_KEY_MAX     64
/* Nothing larger is stored or believed. */
#define RECORD_PAYLOAD_MAX ((size_t)1 << 30)

struct record_key {
    uint8_t bytes[RECORD_KEY_MAX];
    uint8_t len; /* 1..RECORD_KEY_MAX */
};

/* Size of the sealed record. */
size_t record_size(const struct record_key *key, size_t payload_len);

/* Write the sealed record to `out`, which has record_size() bytes. */
void record_seal(const struct record_key *key, const void *payload, size_t payload_len,
                 uint8_t *out);

/* Check and open: the payload lies inside `data` and has any alignment.
 * ERR_CORRUPT, ERR_FORMAT (another version), ERR_LIMIT. */
NVC_NODISCARD enum nvc_status record_open(const struct record_key *key, const void *data,
                                          size_t len, const uint8_t **out_payload,
                                          size_t *out_len);

#endif
