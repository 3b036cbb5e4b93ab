#ifndef NVCACHE_ENTRY_WIRE_H
#define NVCACHE_ENTRY_WIRE_H

#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The only code that touches raw offsets of a record.  Integers are little-endian.
 *
 * A reader never reads past its end: the first attempt sets `bad`, and from then on every
 * read gives 0, "" or NULL.  The caller checks `bad` once, before using anything. */

struct wire_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

void wire_read_init(struct wire_reader *reader, const void *data, size_t len);
uint8_t wire_u8(struct wire_reader *reader);
uint16_t wire_u16(struct wire_reader *reader);
uint32_t wire_u32(struct wire_reader *reader);
uint64_t wire_u64(struct wire_reader *reader);
/* `len` bytes in place, or NULL. */
const uint8_t *wire_bytes(struct wire_reader *reader, size_t len);
/* DIGEST_SIZE bytes; zeroes when they are missing. */
struct digest wire_digest(struct wire_reader *reader);
/* u32 length (without NUL), bytes, NUL: the string in place, or "".  Longer than `max` or
 * with a NUL inside is bad. */
const char *wire_str(struct wire_reader *reader, size_t max);
/* Seven bits a byte, the lowest first, in as few bytes as possible. */
uint64_t wire_varint(struct wire_reader *reader);
/* Bytes up to a NUL that comes within `max`: the string in place, or "". */
const char *wire_text(struct wire_reader *reader, size_t max);
/* A count that is at most `max` and for which `min_size` bytes each are still there; else
 * 0 and bad.  Call it before allocating for `count` items. */
uint32_t wire_count(struct wire_reader *reader, uint32_t max, size_t min_size);
/* Every byte was read and none was missing. */
bool wire_done(const struct wire_reader *reader);

void wire_put_u8(struct buf *buf, uint8_t value);
void wire_put_u16(struct buf *buf, uint16_t value);
void wire_put_u32(struct buf *buf, uint32_t value);
void wire_put_u64(struct buf *buf, uint64_t value);
void wire_put_digest(struct buf *buf, const struct digest *digest);
void wire_put_varint(struct buf *buf, uint64_t value);
void wire_put_text(struct buf *buf, const char *text);
void wire_put_str(struct buf *buf, const char *text);

#endif
