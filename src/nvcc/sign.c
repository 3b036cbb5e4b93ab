/* Sources are megabytes, and what counts in them is rare: sixteen characters at a time
 * are looked over.  Must never pass over what scan.c has a meaning for. */

#include "sign_priv.h"

#include "nvcache/base/lanes.h"

#include <stdbool.h>

enum {
    AHEAD = 2 /* characters behind the first */
};

static inline lanes
find(const char *at)
{
    const lanes a = lanes_load(at);
    const lanes b = lanes_load(at + 1);
    const lanes c = lanes_load(at + 2);

    return lanes_are(a, '#') | lanes_are(a, '\\') |
           (lanes_are(a, '%') & lanes_are(b, ':')) |
           (lanes_are(a, '_') & lanes_are(b, '_') &
            (lanes_are(c, 'D') | lanes_are(c, 'T'))) |
           (lanes_are(a, '.') & (lanes_are(b, 'i') | lanes_are(b, 'm'))) |
           (lanes_are(a, '?') & lanes_are(b, '?')) |
           (lanes_are(a, 'G') & lanes_are(b, 'C'));
}

static inline lanes
find_points(const char *at)
{
    const lanes b = lanes_load(at + 1);

    return lanes_are(lanes_load(at), '.') & (lanes_are(b, 'i') | lanes_are(b, 'm'));
}

/* Near the end of the text, by fewer characters. */
static bool
is_sign(const char *at, const char *end)
{
    switch (*at) {
    case '#':
    case '\\':
        return true;
    case '%':
        return end - at > 1 && at[1] == ':';
    case '_':
    case '.':
    case '?':
    case 'G':
        return end - at > 1;
    default:
        return false;
    }
}

const char *
sign_next_point(const char *at, const char *end)
{
    while ((size_t)(end - at) >= sizeof(lanes) + 1) {
        const size_t n = lanes_first(find_points(at));

        at += n;
        if (n < sizeof(lanes))
            return at;
    }
    while (at < end && *at != '.')
        at++;
    return at;
}

const char *
sign_next(const char *at, const char *end)
{
    while ((size_t)(end - at) >= sizeof(lanes) + AHEAD) {
        const size_t n = lanes_first(find(at));

        at += n;
        if (n < sizeof(lanes))
            return at;
    }
    while (at < end && !is_sign(at, end))
        at++;
    return at;
}
