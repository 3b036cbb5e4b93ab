#ifndef NVCACHE_BASE_LANES_H
#define NVCACHE_BASE_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Sixteen characters at once, by the compiler's vectors: any processor. */

typedef uint8_t lanes __attribute__((vector_size(16)));

static inline lanes
lanes_all(char c)
{
    const uint8_t x = (uint8_t)c;

    return (lanes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

/* Those from `at` on. */
static inline lanes
lanes_load(const char *at)
{
    lanes out;

    memcpy(&out, at, sizeof(out));
    return out;
}

/* 0xff where it is that character, 0 elsewhere. */
static inline lanes
lanes_are(lanes a, char c)
{
    return (lanes)(a == lanes_all(c));
}

/* The index of the first that is not 0, or 16. */
#ifdef __SSE2__
static inline size_t
lanes_first(lanes a)
{
    typedef char chars __attribute__((vector_size(16)));

    const unsigned bits = (unsigned)__builtin_ia32_pmovmskb128((chars)a);

    /* a branch that is foreseen: who looks on need not wait for what it comes to */
    if (__builtin_expect(bits == 0, 1))
        return sizeof(a);
    return (size_t)__builtin_ctz(bits);
}
#else
static inline size_t
lanes_first(lanes a)
{
    uint64_t half[2];

    memcpy(half, &a, sizeof(half));
    for (size_t i = 0; i < 2; i++)
        if (half[i] != 0)
            return 8 * i + (size_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                                        ? __builtin_ctzll(half[i])
                                        : __builtin_clzll(half[i])) /
                               8;
    return sizeof(a);
}
#endif

#endif
