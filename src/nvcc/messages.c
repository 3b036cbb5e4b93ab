/* Reading compilers' messages for the files they name.  Must never take a path out of a
 * source's text for one. */

#include "nvcache/nvcc/messages.h"

#include <string.h>

enum {
    INDENT_MIN = 10 /* of cudafe++'s lines on instantiations; a shown source line has 2 */
};

struct piece {
    const char *at;
    const char *end;
};

static bool
skip_word(struct piece *piece, const char *word)
{
    const size_t len = strlen(word);

    if ((size_t)(piece->end - piece->at) < len || memcmp(piece->at, word, len) != 0)
        return false;
    piece->at += len;
    return true;
}

static size_t
skip_any(struct piece *piece, const char *chars)
{
    const char *begin = piece->at;

    while (piece->at < piece->end && *piece->at != '\0' &&
           strchr(chars, *piece->at) != NULL)
        piece->at++;
    return (size_t)(piece->at - begin);
}

/* ESC [ NUMBERS m, ESC [ K */
static void
skip_colors(struct piece *piece)
{
    while (skip_word(piece, "\033[")) {
        skip_any(piece, "0123456789;");
        if (!skip_word(piece, "m"))
            (void)skip_word(piece, "K");
    }
}

/* `line` is what stands before the name. */
static bool
is_head(struct piece line)
{
    skip_colors(&line);
    if (!skip_word(&line, "In file included ") && skip_any(&line, " ") == 0)
        return line.at == line.end;
    return skip_word(&line, "from ") && (skip_colors(&line), line.at == line.end);
}

static bool
ends_with_line_of(struct piece line)
{
    static const char before[] = " at line ";
    static const char after[] = " of ";
    const size_t n_after = sizeof(after) - 1;
    const char *digits;

    if ((size_t)(line.end - line.at) < n_after ||
        memcmp(line.end - n_after, after, n_after) != 0)
        return false;
    digits = line.end - n_after;
    while (digits > line.at && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    return digits < line.end - n_after &&
           (size_t)(digits - line.at) >= sizeof(before) - 1 &&
           memcmp(digits - (sizeof(before) - 1), before, sizeof(before) - 1) == 0;
}

/* gcc shows source lines behind their number and a bar. */
static bool
is_instantiation(struct piece line)
{
    struct piece words = line;

    return skip_any(&words, " ") >= INDENT_MIN && words.at < words.end &&
           strchr("0123456789|", *words.at) == NULL && ends_with_line_of(line);
}

bool
message_names_file(const char *text, size_t len, size_t at)
{
    struct piece line = {.at = text + at, .end = text + at};

    if (at >= len)
        return false;
    while (line.at > text && line.at[-1] != '\n')
        line.at--;
    return is_head(line) || is_instantiation(line);
}
