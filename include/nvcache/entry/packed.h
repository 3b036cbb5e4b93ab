#ifndef NVCACHE_ENTRY_PACKED_H
#define NVCACHE_ENTRY_PACKED_H

#include "nvcache/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/* Bytes that are kept short: their length as a u32, then zstd's bytes, or they themselves
 * when that is no shorter. */

void packed_put(int level, const void *data, size_t len, struct buf *out);

/* The plain bytes, in the arena when they had to be unpacked.  ERR_CORRUPT, also for more
 * than `max` plain bytes. */
NVC_NODISCARD enum nvc_status packed_open(struct arena *arena, const void *data,
                                          size_t len, size_t max, const uint8_t **out,
                                          size_t *out_len);

#endif
