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

struct checksum_state *
checksum_begin(uint64_t seed)
{
    XXH3_state_t *state = XXH3_createState();

    if (state != NULL && XXH3_128bits_reset_withSeed(state, seed) == XXH_ERROR) {
        XXH3_freeState(state);
        return NULL;
    }
    return (struct checksum_state *)state;
}

void
checksum_add(struct checksum_state *state, const void *data, size_t len)
{
    XXH3_128bits_update((XXH3_state_t *)state, data, len);
}

struct checksum
checksum_end(struct checksum_state *state)
{
    const XXH128_hash_t hash = XXH3_128bits_digest((XXH3_state_t *)state);

    XXH3_freeState((XXH3_state_t *)state);
    return (struct checksum){.lo = hash.low64, .hi = hash.high64};
}
