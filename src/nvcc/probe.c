/* __has_include of a name that macros make: which file that is cannot be seen here. */

#include "probe_priv.h"

#include "cursor_priv.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char asking[] = "__has_include"; /* and __has_include_next */

struct word {
    const char *text;
    size_t len;
};

static bool
is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The next word, number or not; false at the end. */
static bool
take_word(struct cursor *cursor, struct word *out)
{
    while (cursor->at < cursor->end && !is_word_char(*cursor->at))
        cursor->at++;
    out->text = cursor->at;
    while (cursor->at < cursor->end && is_word_char(*cursor->at))
        cursor->at++;
    out->len = (size_t)(cursor->at - out->text);
    return out->len > 0;
}

static bool
is_asking(struct word word)
{
    return word.len >= sizeof(asking) - 1 &&
           memcmp(word.text, asking, sizeof(asking) - 1) == 0;
}

/* Does a word stand first between the parentheses that begin here? */
static bool
opens_word(struct cursor cursor, struct word *out)
{
    cursor_skip_blanks(&cursor);
    if (!cursor_take(&cursor, "("))
        return false;
    cursor_skip_blanks(&cursor);
    return cursor.at < cursor.end && is_word_char(*cursor.at) &&
           !isdigit((unsigned char)*cursor.at) && take_word(&cursor, out);
}

unsigned
probe_condition(const char *from, const char *to, scan_visitor *visit, void *arg)
{
    struct cursor cursor = {from, to};
    unsigned flags = 0;
    struct word word;
    struct word argument;

    while (take_word(&cursor, &word))
        if (opens_word(cursor, &argument)) {
            if (is_asking(word))
                flags = SCAN_HIDDEN;
            visit(SCAN_CALL, word.text, word.len, arg);
        }
    return flags;
}

/* Is the word a parameter of the macro whose name the cursor is behind? */
static bool
is_parameter(struct cursor cursor, struct word word)
{
    static const char variadic[] = "__VA_ARGS__";
    const char *close = memchr(cursor.at, ')', (size_t)(cursor.end - cursor.at));
    struct word parameter;

    if (cursor.at == cursor.end || *cursor.at != '(' || close == NULL)
        return false;
    if (word.len == sizeof(variadic) - 1 && memcmp(word.text, variadic, word.len) == 0)
        return true;
    cursor.end = close;
    while (take_word(&cursor, &parameter))
        if (parameter.len == word.len && memcmp(parameter.text, word.text, word.len) == 0)
            return true;
    return false;
}

unsigned
probe_define(const char *from, const char *to, scan_visitor *visit, void *arg)
{
    struct cursor cursor = {from, to};
    struct cursor behind;
    unsigned flags = 0;
    struct word name;
    struct word word;
    struct word argument;

    if (!take_word(&cursor, &name))
        return 0;
    behind = cursor;
    visit(SCAN_PROBE_NAME, name.text, name.len, arg);
    while (take_word(&cursor, &word))
        if (is_asking(word) && opens_word(cursor, &argument) &&
            !is_parameter(behind, argument))
            flags = SCAN_HIDDEN;
    return flags;
}
