/* XXH3, for accidents only. */

#include "nvcache/digest/checksum.h"

#include <xxhash.h>

uint64_t
checksum64(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

struct checksum
checksum128(const void *data, size_t len, uint64_t seed)
{
    const XXH128_hash_t hash = XXH3_128bits_withSeed(data, len, seed);

    return (struct checksum){.lo = hash.low64, .hi = hash.high64};
}
