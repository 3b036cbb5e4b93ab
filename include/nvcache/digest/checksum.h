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

#endif
