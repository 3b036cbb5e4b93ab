/* Reading words as nvcc reads them.  Three grammars, all different (measured with
 * nvcc 13.0):
 *
 * NVCC_PREPEND_FLAGS, NVCC_APPEND_FLAGS: words are separated by blanks and tabs; a
 * newline is part of a word.  A double quote begins a stretch in which blanks do not
 * separate; it ends at the next double quote that has no backslash before it.  Quotes and
 * backslashes stay in the word: -DA="b c" is the macro A with the value "b c" in quotes,
 * as a shell's -DA='"b c"' would be.  So `"-c"` is an input file named "-c" with its
 * quotes, -std="c++17" is an unknown dialect.  Single quotes are ordinary characters.
 *
 * Options files: words are separated by blank, tab, newline and carriage return.  A
 * backslash takes the next character as it is, also a newline.  A double quote outside of
 * that toggles a stretch in which nothing separates.  Then, in the word so read, every
 * double quote goes that has no backslash before it.  So -DA="b c" is A with the value b
 * c; to get quotes one writes -DA=\\"b\\".  There are no comments, and no @file.  Single
 * quotes are ordinary.
 *
 * Values of list options: elements are separated by commas outside of double quotes;
 * blanks around an element and empty elements go.  What happens to quotes and backslashes
 * depends on the option (enum option_arity).
 *
 * In all of them an unbalanced quote, or a backslash at the end, is an error of nvcc's.
 * Must never accept what nvcc does not: a false here costs a bypass, a wrong word an
 * object. */

#include "words_priv.h"

#include "nvcache/base/arena.h"

#include <string.h>

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* End of the word that begins at `at`, or NULL: unbalanced. */
static const char *
environment_word_end(const char *at)
{
    bool quoted = false;

    for (; *at != '\0' && (quoted || !is_blank(*at)); at++)
        if (*at == '"' && !(quoted && at[-1] == '\\'))
            quoted = !quoted;
    return quoted ? NULL : at;
}

bool
words_of_environment(const char *text, struct strlist *out)
{
    const char *at = text;

    for (;;) {
        const char *end;

        while (is_blank(*at))
            at++;
        if (*at == '\0')
            return true;
        end = environment_word_end(at);
        if (end == NULL)
            return false;
        strlist_add(out, arena_strndup(out->arena, at, (size_t)(end - at)));
        at = end;
    }
}

/* Remove the double quotes that have no backslash before them, in place. */
static void
strip_quotes(char *word)
{
    char *to = word;
    char last = '\0';

    for (const char *from = word; *from != '\0'; from++) {
        if (*from != '"' || last == '\\')
            *to++ = *from;
        last = *from;
    }
    *to = '\0';
}

static bool
is_file_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r';
}

/* Copy the word at *at to `to`, without its escapes, and end it with a NUL; *at moves
 * behind it.  Returns where the NUL is, or NULL: unbalanced. */
static char *
file_word(const char **at, const char *end, char *to)
{
    bool quoted = false;
    const char *from = *at;

    for (; from < end && (quoted || !is_file_space(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        if (*from == '\\' && ++from == end)
            return NULL;
        *to++ = *from;
    }
    *to = '\0';
    *at = from;
    return quoted ? NULL : to;
}

bool
words_of_file(const char *text, size_t len, struct strlist *out)
{
    const char *at = text;
    const char *const end = text + len;
    char *to = arena_alloc(out->arena, len + 1); /* all words and their NULs fit */

    if (len > 0 && memchr(text, '\0', len) != NULL)
        return false;
    for (;;) {
        char *const word = to;

        while (at < end && is_file_space(*at))
            at++;
        if (at == end)
            return true;
        to = file_word(&at, end, word);
        if (to == NULL)
            return false;
        to++;
        strip_quotes(word);
        strlist_add(out, word);
    }
}

/* What a list element being read looks like so far. */
struct element {
    char *text;
    size_t len;
    size_t keep; /* up to here it is not trailing blanks */
};

static void
element_add(struct element *element, char c, bool is_literal)
{
    if (element->len == 0 && is_blank(c) && !is_literal)
        return;
    element->text[element->len++] = c;
    if (!is_blank(c) || is_literal)
        element->keep = element->len;
}

static void
element_flush(struct element *element, struct strlist *out)
{
    if (element->keep > 0)
        strlist_add(out, arena_strndup(out->arena, element->text, element->keep));
    element->len = 0;
    element->keep = 0;
}

bool
words_of_list(const char *value, enum option_arity arity, struct strlist *out)
{
    struct element element = {.text = arena_alloc(out->arena, strlen(value) + 1)};
    bool quoted = false;

    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\\' && arity == ARITY_TEXTS) {
            if (*++at == '\0')
                return false;
            element_add(&element, *at, true);
        } else if (*at == '"') {
            quoted = !quoted;
            if (arity != ARITY_PATHS)
                element_add(&element, *at, true);
        } else if (*at == ',' && !quoted) {
            element_flush(&element, out);
        } else {
            element_add(&element, *at, quoted);
        }
    }
    element_flush(&element, out);
    return !quoted;
}

static char *
escape_all(struct arena *arena, const char *element)
{
    char *out = arena_alloc(arena, strlen(element) * 2 + 1);
    char *to = out;

    for (; *element != '\0'; element++) {
        if (strchr("\\,\" \t", *element) != NULL)
            *to++ = '\\';
        *to++ = *element;
    }
    return out;
}

char *
words_quote_element(struct arena *arena, const char *element, enum option_arity arity)
{
    if (arity == ARITY_TEXTS)
        return escape_all(arena, element);
    if (arity == ARITY_PATHS)
        return arena_printf(arena, "\"%s\"", element);
    return arena_strdup(arena, element);
}
