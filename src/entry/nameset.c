/* Sets of names as sorted hashes.  Must never deny a member: what it says "no" to is not
 * looked at. */

#include "nvcache/entry/nameset.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/entry/wire.h"

#include <stdlib.h>

enum {
    SEED_NAME = 6,
    BITS_MAX = 32
};

uint32_t
nameset_hash(const char *name, size_t len)
{
    return (uint32_t)(checksum64(name, len, SEED_NAME) >> 32);
}

static int
compare_numbers(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static unsigned
bits_for(size_t n)
{
    unsigned bits = NAMESET_SPARE_BITS;

    while (n > 1 && bits < BITS_MAX) {
        n = (n + 1) / 2;
        bits++;
    }
    return bits;
}

void
nameset_make(uint32_t *hashes, size_t n, struct nameset *out)
{
    const unsigned bits = bits_for(n);
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        hashes[i] >>= BITS_MAX - bits;
    if (n > 1)
        qsort(hashes, n, sizeof(*hashes), compare_numbers);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || hashes[kept - 1] != hashes[i])
            hashes[kept++] = hashes[i];
    *out = (struct nameset){.bits = bits, .hashes = hashes, .n = kept};
}

bool
nameset_has(const struct nameset *set, const char *name, size_t len)
{
    const uint32_t hash = nameset_hash(name, len) >> (BITS_MAX - set->bits);
    size_t low = 0;
    size_t high = set->n;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (set->hashes[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->n && set->hashes[low] == hash;
}

void
nameset_put(struct buf *out, const struct nameset *set)
{
    wire_put_u8(out, (uint8_t)set->bits);
    wire_put_u32(out, (uint32_t)set->n);
    for (size_t i = 0; i < set->n; i++)
        wire_put_varint(out, i == 0 ? set->hashes[0]
                                    : set->hashes[i] - set->hashes[i - 1] - 1);
}

void
nameset_read(struct arena *arena, struct wire_reader *reader, struct nameset *out)
{
    uint64_t next = 0;

    out->bits = wire_u8(reader);
    out->n = wire_count(reader, NAMESET_MAX, 1);
    out->hashes = arena_array(arena, out->n, sizeof(*out->hashes));
    if (out->bits == 0 || out->bits > BITS_MAX)
        reader->bad = true;
    for (size_t i = 0; i < out->n && !reader->bad; i++) {
        next += wire_varint(reader);
        if (next >> out->bits != 0)
            reader->bad = true;
        out->hashes[i] = (uint32_t)next++;
    }
}
