#ifndef NVCACHE_DIGEST_CHECKSUM_H
#define NVCACHE_DIGEST_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* XXH3: detects accidents, names nothing (see digest.h). */

struct checksum {
    uint64_t lo, hi;
};

uint64_t checksum64(const void *data, size_t len, uint64_t seed);
struct checksum checksum128(const void *data, size_t len, uint64_t seed);

/* The same over pieces. */
struct checksum_state;
struct checksum_state *checksum_begin(uint64_t seed); /* heap; NULL: out of memory */
void checksum_add(struct checksum_state *state, const void *data, size_t len);
struct checksum checksum_end(struct checksum_state *state); /* frees it */

#endif
