/* What is plain in preprocessed text: nearly all of it.  Sixteen characters at a time are
 * looked over for those that may end a run.  Must never pass over one that does: the
 * words that tell positions (tokens.c) begin as here. */

#include "plain_priv.h"

#include "nvcache/base/lanes.h"

#include <stddef.h>

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

static inline lanes
find_ends(const char *at)
{
    const lanes a = lanes_load(at);
    const lanes b = lanes_load(at + 1);
    const lanes c = lanes_load(at + 2);
    const lanes blank =
        lanes_are(a, ' ') & (lanes)(b > lanes_all(' ')) & ~lanes_are(b, '/');
    const lanes position =
        lanes_are(a, '_') & lanes_are(b, '_') &
        (lanes_are(c, 'b') | lanes_are(c, 'L') | lanes_are(c, 'F') | lanes_are(c, 'B') |
         lanes_are(c, 'I') | lanes_are(c, 'D') | lanes_are(c, 'T'));

    return ((lanes)(a <= lanes_all(' ')) & ~blank) | lanes_are(a, '"') |
           lanes_are(a, '\'') | lanes_are(a, '/') | position;
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
        const size_t n = lanes_first(find_ends(at));

        at += n;
        if (n < sizeof(lanes))
            return at;
    }
    while (!may_end(at))
        at++;
    return at;
}
