/* Moving through source text line by line, as far as that goes without preprocessing. */

#include "cursor_priv.h"

#include <stddef.h>
#include <string.h>

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r';
}

/* The length of a backslash and the newline behind it, or 0. */
static size_t
splice(const struct cursor *cursor)
{
    const char *at = cursor->at;
    const size_t left = (size_t)(cursor->end - at);

    if (left >= 2 && at[0] == '\\' && at[1] == '\n')
        return 2;
    return left >= 3 && at[0] == '\\' && at[1] == '\r' && at[2] == '\n' ? 3 : 0;
}

void
cursor_skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        const char *at = cursor->at;
        const size_t left = (size_t)(cursor->end - at);

        if (is_blank(*at)) {
            cursor->at++;
        } else if (splice(cursor) > 0) {
            cursor->at += splice(cursor);
        } else if (left >= 2 && at[0] == '/' && at[1] == '*') {
            const char *close = memmem(at + 2, left - 2, "*/", 2);

            cursor->at = close == NULL ? cursor->end : close + 2;
        } else {
            return;
        }
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
        const size_t len = splice(cursor);

        cursor->at += len > 0 ? len : 1;
    }
}
