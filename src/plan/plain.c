/* What is plain in preprocessed text: nearly all of it.  Sixteen characters at a time are
 * looked over for those that may end a run.  Must never pass over one that does: the
 * words that tell positions (tokens.c) begin as here. */

#include "plain_priv.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* clang-format off */
const unsigned char plain_kinds[256] = {
    E, S, S, S, S, S, S, S, S, B, B, B, B, B, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    B, S, Q, H, W, S, S, Q, S, S, S, S, S, S, P, L,
    D, D, D, D, D, D, D, D, D, D, S, S, S, S, S, S,
    S, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, S, S, S, S, W,
    S, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, S, S, S, S, S,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
};
/* clang-format on */

typedef uint8_t lanes __attribute__((vector_size(16)));

static inline lanes
all(char c)
{
    const uint8_t x = (uint8_t)c;

    return (lanes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

static inline lanes
load(const char *at)
{
    lanes out;

    memcpy(&out, at, sizeof(out));
    return out;
}

static inline lanes
are(lanes a, char c)
{
    return (lanes)(a == all(c));
}

/* The index of the first that is not 0, or 16. */
static inline size_t
first(lanes a)
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

static inline lanes
find_ends(const char *at)
{
    const lanes a = load(at);
    const lanes b = load(at + 1);
    const lanes c = load(at + 2);
    const lanes blank = are(a, ' ') & (lanes)(b > all(' ')) & ~are(b, '/');
    const lanes position = are(a, '_') & are(b, '_') &
                           (are(c, 'b') | are(c, 'L') | are(c, 'F') | are(c, 'B') |
                            are(c, 'I') | are(c, 'D') | are(c, 'T'));

    return ((lanes)(a <= all(' ')) & ~blank) | are(a, '"') | are(a, '\'') | are(a, '/') |
           position;
}

static bool
may_end(const char *at)
{
    switch (kind_of(*at)) {
    case S:
    case D:
    case H:
    case P:
        return false;
    case W:
        return *at == '_' && at[1] == '_';
    case B:
        return *at != ' ' || is_space(at[1]) || at[1] == '\0' || at[1] == '/';
    case Q:
    case L:
    case E:
        break;
    }
    return true;
}

const char *
plain_skip(const char *at, const char *end)
{
    while (end - at >= (ptrdiff_t)sizeof(lanes) + 2) {
        const size_t n = first(find_ends(at));

        at += n;
        if (n < sizeof(lanes))
            return at;
    }
    while (!may_end(at))
        at++;
    return at;
}
