/* Moving through source text line by line, as far as that goes without preprocessing. */

#include "cursor_priv.h"

#include "nvcache/base/lanes.h"

#include <stddef.h>
#include <string.h>

size_t
cursor_splice(const struct cursor *cursor)
{
    const char *at = cursor->at;

    if (at == cursor->end || *at++ != '\\')
        return 0;
    while (at < cursor->end && cursor_is_blank(*at))
        at++;
    return at < cursor->end && *at == '\n' ? (size_t)(at + 1 - cursor->at) : 0;
}

bool
cursor_skip_comment(struct cursor *cursor)
{
    const char *at = cursor->at;
    const char *close;

    if (cursor->end - at < 2 || at[0] != '/' || at[1] != '*')
        return false;
    close = memmem(at + 2, (size_t)(cursor->end - at - 2), "*/", 2);
    cursor->at = close == NULL ? cursor->end : close + 2;
    return true;
}

/* A comment that was taken out leaves many. */
static const char *
behind_blanks(const char *at, const char *end)
{
    while ((size_t)(end - at) >= sizeof(lanes)) {
        const size_t n = lanes_first(~lanes_are(lanes_load(at), ' '));

        at += n;
        if (n < sizeof(lanes))
            break;
    }
    while (at < end && cursor_is_blank(*at))
        at++;
    return at;
}

/* Nearly all characters are neither of these. */
static bool
skip_other_blank(struct cursor *cursor)
{
    size_t spliced;

    if (*cursor->at == '/')
        return cursor_skip_comment(cursor);
    spliced = *cursor->at == '\\' ? cursor_splice(cursor) : 0;
    cursor->at += spliced;
    return spliced > 0;
}

void
cursor_skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end)
        if (cursor_is_blank(*cursor->at))
            cursor->at = behind_blanks(cursor->at, cursor->end);
        else if (!skip_other_blank(cursor))
            return;
}

bool
cursor_take(struct cursor *cursor, const char *word)
{
    const size_t len = strlen(word);
    const char *at = cursor->at;

    if ((size_t)(cursor->end - at) < len || memcmp(at, word, len) != 0)
        return false;
    cursor->at += len;
    return true;
}

bool
cursor_take_hash(struct cursor *cursor)
{
    cursor_skip_blanks(cursor);
    if (!cursor_take(cursor, "#") && !cursor_take(cursor, "%:"))
        return false;
    cursor_skip_blanks(cursor);
    return true;
}

void
cursor_skip_line(struct cursor *cursor)
{
    const char *const from = cursor->at;

    for (;; cursor->at++) {
        const char *at = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));

        cursor->at = at == NULL ? cursor->end : at;
        if (at == NULL)
            return;
        while (at > from && cursor_is_blank(at[-1]))
            at--;
        if (at == from || at[-1] != '\\')
            return;
    }
}
