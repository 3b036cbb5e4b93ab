/* Comments, taken out of source text without preprocessing it.
 *
 * Must err towards keeping: a macro's name that is not seen is a path that shows and is
 * not noticed.  So what could be read in two ways ends the search in that file. */

#include "uncomment_priv.h"

#include "cursor_priv.h"
#include "nvcache/base/lanes.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct reader {
    struct cursor in;
    const char *begin;
    char *out;
    bool is_c;
};

static char
char_before(const struct reader *reader)
{
    return reader->in.at == reader->begin ? '\n' : reader->in.at[-1];
}

/* A backslash before a comment splices no line, and must not seem to when the comment is
 * gone. */
static void
blank_to(struct reader *reader, const char *to)
{
    const size_t len = (size_t)(to - reader->in.at);
    char *out = reader->out + (reader->in.at - reader->begin);
    const char *before = out;

    while (before > reader->out && cursor_is_blank(before[-1]))
        before--;
    memset(out, ' ', len);
    if (before > reader->out && before[-1] == '\\')
        *out = ';';
    reader->in.at = to;
}

/* A "*" and a "/" may be put together by a spliced line. */
static bool
take_block(struct reader *reader)
{
    struct cursor end = reader->in;

    if (!cursor_skip_comment(&end) ||
        memmem(reader->in.at, (size_t)(end.at - reader->in.at), "*\\", 2) != NULL)
        return false;
    blank_to(reader, end.at);
    return true;
}

static bool
take_slash(struct reader *reader)
{
    struct cursor end = reader->in;

    if (!cursor_take(&end, "//")) {
        if (cursor_take(&end, "/*"))
            return take_block(reader);
        reader->in.at++;
        return true;
    }
    if (reader->is_c)
        return false;
    cursor_skip_line(&end);
    blank_to(reader, end.at);
    return true;
}

/* Where the backslash stands that takes the end of the line away; 0: none does. */
static size_t
splice_before(const struct reader *reader, size_t newline)
{
    while (newline > 0 && cursor_is_blank(reader->out[newline - 1]))
        newline--;
    return newline > 0 && reader->out[newline - 1] == '\\' ? newline - 1 : 0;
}

/* What stands in front of `at` in its line, without blanks, spliced lines and open
 * parentheses: its end; 0: nothing.  Comments are blanks by now. */
static size_t
skip_back(const struct reader *reader, size_t at)
{
    while (at > 0) {
        const char c = reader->out[at - 1];

        if (cursor_is_blank(c) || c == '(')
            at--;
        else if (c == '\n')
            at = splice_before(reader, at - 1);
        else
            break;
    }
    return at;
}

/* Does a header's name begin here?  It has slashes and backslashes of its own. */
static bool
begins_name(const struct reader *reader)
{
    static const char *const words[] = {"include", "include_next", "import", "embed"};
    const size_t at = skip_back(reader, (size_t)(reader->in.at - reader->begin));

    if (at == 0 || strchr("etd", reader->out[at - 1]) == NULL)
        return false; /* what these words end with */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t len = strlen(words[i]);

        if (at >= len && memcmp(reader->out + at - len, words[i], len) == 0)
            return true;
    }
    return false;
}

/* A string or a character that ends on its line.  With a letter in front it may be a raw
 * string, with a digit a separator; a prefix of the usual kind is given up with them, but
 * for a string's that cannot be raw. */
static bool
take_quoted(struct reader *reader)
{
    const char quote = *reader->in.at;
    const char before = char_before(reader);
    const bool is_name = begins_name(reader);
    const char *at = reader->in.at + 1;

    if (before == 'R' ||
        (quote == '\'' && (isalnum((unsigned char)before) || before == '_')))
        return false;
    for (; at < reader->in.end && *at != quote; at++) {
        if (*at == '\\' && at + 1 < reader->in.end && !is_name)
            at++;
        else if (*at == '\n' || *at == '\\')
            return false;
    }
    if (at == reader->in.end)
        return false;
    reader->in.at = at + 1;
    return true;
}

/* What stands on both sides of a spliced line may be one token. */
static bool
take_backslash(struct reader *reader)
{
    const size_t len = cursor_splice(&reader->in);
    const char before = char_before(reader);
    const char *after = reader->in.at + len;

    if (len > 0 && after < reader->in.end && *after != '\n' && before != '\n' &&
        !cursor_is_blank(before) && !cursor_is_blank(*after))
        return false;
    reader->in.at += len > 0 ? len : 1;
    return true;
}

/* A name is plain, or the rest is given up. */
static bool
take_less(struct reader *reader)
{
    const char *at = reader->in.at + 1;

    if (begins_name(reader))
        for (; at < reader->in.end && *at != '>'; at++)
            if (strchr("\n\\\"'*", *at) != NULL)
                return false;
    reader->in.at = at;
    return true;
}

/* Returns false if the rest cannot be told. */
static bool
take(struct reader *reader)
{
    switch (*reader->in.at) {
    case '/':
        return take_slash(reader);
    case '"':
    case '\'':
        return take_quoted(reader);
    case '\\':
        return take_backslash(reader);
    default:
        return take_less(reader);
    }
}

static inline lanes
find_marks(const char *at)
{
    const lanes c = lanes_load(at);

    return lanes_are(c, '/') | lanes_are(c, '"') | lanes_are(c, '\'') |
           lanes_are(c, '\\') | lanes_are(c, '<');
}

static bool
is_mark(char c)
{
    return c == '/' || c == '"' || c == '\'' || c == '\\' || c == '<';
}

/* Where one of these stands, or the end. */
static const char *
next_mark(const char *at, const char *end)
{
    while ((size_t)(end - at) >= sizeof(lanes)) {
        const size_t n = lanes_first(find_marks(at));

        at += n;
        if (n < sizeof(lanes))
            return at;
    }
    while (at < end && !is_mark(*at))
        at++;
    return at;
}

/* gcc takes a carriage return alone for the end of a line. */
static bool
has_lone_return(const char *text, size_t len)
{
    const char *end = text + len;

    for (const char *at = text; (at = memchr(at, '\r', (size_t)(end - at))) != NULL; at++)
        if (at + 1 == end || at[1] != '\n')
            return true;
    return false;
}

size_t
uncomment(const char *text, size_t len, bool is_c, char *out)
{
    struct reader reader = {{text, text + len}, text, out, is_c};

    if (len == 0)
        return 0;
    memcpy(out, text, len);
    if (cursor_find(text, text + len, "\?\?/") != NULL || has_lone_return(text, len))
        return 0;
    do
        reader.in.at = next_mark(reader.in.at, reader.in.end);
    while (reader.in.at < reader.in.end && take(&reader));
    return (size_t)(reader.in.at - text);
}
