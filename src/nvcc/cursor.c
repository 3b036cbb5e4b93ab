/* Moving through source text line by line, as far as that goes without preprocessing. */

#include "cursor_priv.h"

#include <stddef.h>
#include <string.h>

bool
cursor_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r';
}

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

void
cursor_skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        const size_t spliced = cursor_splice(cursor);

        if (cursor_is_blank(*cursor->at))
            cursor->at++;
        else if (spliced > 0)
            cursor->at += spliced;
        else if (!cursor_skip_comment(cursor))
            return;
    }
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
    while (cursor->at < cursor->end && *cursor->at != '\n') {
        const size_t len = cursor_splice(cursor);

        cursor->at += len > 0 ? len : 1;
    }
}
