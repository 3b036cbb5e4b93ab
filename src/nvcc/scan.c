/* Reading source text for what the compiler does not report: names that were looked for,
 * macros that make the output depend on time or place, embedded files.
 *
 * Must err towards more: a name too many costs a look into a directory, a name too few
 * could cost a wrong object. */

#include "nvcache/nvcc/scan.h"

#include "cursor_priv.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
    NAME_MAX_LEN = 1024
};

struct needle {
    const char *text;
    unsigned flag;
};

static const struct needle needles[] = {
    {"__DATE__", SCAN_TIME},
    {"__TIME__", SCAN_TIME},
    {"__TIMESTAMP__", SCAN_TIMESTAMP},
};

static unsigned
flags_at(const char *at, const char *end)
{
    for (size_t i = 0; i < sizeof(needles) / sizeof(needles[0]); i++) {
        const size_t len = strlen(needles[i].text);

        if ((size_t)(end - at) >= len && memcmp(at, needles[i].text, len) == 0)
            return needles[i].flag;
    }
    return 0;
}

/* The needles all begin with "__D" or "__T". */
static unsigned
scan_identifiers(const char *text, size_t len)
{
    const char *end = text + len;
    unsigned flags = 0;

    for (const char *at = text; (at = memchr(at, '_', (size_t)(end - at))) != NULL;) {
        if (end - at < 3)
            break;
        if (at[1] == '_' && (at[2] == 'D' || at[2] == 'T'))
            flags |= flags_at(at, end);
        at++;
    }
    return flags;
}

/* The name between `at` and `close` on the same line; NULL if that is no header name. */
static const char *
name_end(const char *at, const char *end, char close)
{
    for (const char *p = at; p < end && p - at < NAME_MAX_LEN; p++) {
        if (*p == close)
            return p > at ? p : NULL;
        if (*p == '\n')
            return NULL;
    }
    return NULL;
}

static bool
visit_name(struct cursor *cursor, enum scan_name_kind quoted, scan_visitor *visit,
           void *arg)
{
    const char open = cursor->at < cursor->end ? *cursor->at : '\0';
    const char *name = cursor->at + 1;
    const char *end;

    if (open != '<' && open != '"')
        return false;
    end = name_end(name, cursor->end, open == '<' ? '>' : '"');
    if (end == NULL)
        return false;
    visit(open == '"' || quoted == SCAN_NEXT ? quoted : SCAN_ANGLE, name,
          (size_t)(end - name), arg);
    cursor->at = end + 1;
    return true;
}

/* Header-like tokens in the rest of a logical line; those in quotes are of kind `quoted`.
 */
static void
visit_line(struct cursor *cursor, enum scan_name_kind quoted, scan_visitor *visit,
           void *arg)
{
    while (cursor->at < cursor->end && *cursor->at != '\n') {
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
            cursor->at += 2;
        else if (!visit_name(cursor, quoted, visit, arg))
            cursor->at++;
    }
}

static unsigned
scan_define(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    static const char probe[] = "__has_include";
    const char *line = cursor->at;

    visit_line(cursor, SCAN_MACRO, visit, arg);
    return memmem(line, (size_t)(cursor->at - line), probe, strlen(probe)) == NULL
               ? 0
               : SCAN_PROBE;
}

static unsigned
scan_include(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    const enum scan_name_kind quoted =
        cursor_take(cursor, "_next") ? SCAN_NEXT : SCAN_QUOTE;

    cursor_skip_blanks(cursor);
    return visit_name(cursor, quoted, visit, arg) ? 0 : SCAN_COMPUTED;
}

/* Behind the '#'. */
static unsigned
scan_directive(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    cursor_skip_blanks(cursor);
    if (cursor_take(cursor, "include") || cursor_take(cursor, "import"))
        return scan_include(cursor, visit, arg);
    if (cursor_take(cursor, "embed"))
        return SCAN_HIDDEN;
    if (cursor_take(cursor, "define"))
        return scan_define(cursor, visit, arg);
    if (cursor_take(cursor, "if") || cursor_take(cursor, "elif"))
        visit_line(cursor, SCAN_QUOTE, visit, arg);
    return 0;
}

static unsigned
scan_directives(const char *text, size_t len, scan_visitor *visit, void *arg)
{
    struct cursor cursor = {text, text + len};
    unsigned flags = 0;

    while (cursor.at < cursor.end) {
        cursor_skip_blanks(&cursor);
        if (cursor_take(&cursor, "#") || cursor_take(&cursor, "%:"))
            flags |= scan_directive(&cursor, visit, arg);
        cursor.at = cursor.at < cursor.end
                        ? memchr(cursor.at, '\n', (size_t)(cursor.end - cursor.at))
                        : NULL;
        if (cursor.at == NULL)
            break;
        cursor.at++;
    }
    return flags;
}

/* As memmem, for words whose first character is rare in sources: several times faster. */
static const char *
find_word(const char *at, const char *end, const char *word)
{
    const size_t len = strlen(word);

    while ((size_t)(end - at) >= len) {
        at = memchr(at, word[0], (size_t)(end - at) - len + 1);
        if (at == NULL || memcmp(at, word, len) == 0)
            return at;
        at++;
    }
    return NULL;
}

/* `.include "file"` of the assembler: no member of an object, and something behind it
 * that can be a file's name in a string. */
static bool
has_assembler_include(const char *text, size_t len)
{
    static const char word[] = ".include";
    const char *end = text + len;

    for (const char *at = text; (at = find_word(at, end, word)) != NULL;) {
        const bool is_escape = at > text + 1 && at[-2] == '\\'; /* "\n.include" */
        const bool is_member =
            at > text && !is_escape &&
            (isalnum((unsigned char)at[-1]) || strchr("_)]./", at[-1]) != NULL);

        at += strlen(word);
        if (!is_member && at < end && strchr(" \t\\\"'", *at) != NULL)
            return true;
    }
    return false;
}

/* A directive, or a name with a meaning, that is written so that it is not recognised
 * here: by trigraphs, or in two lines. */
static bool
is_disguised(const char *text, size_t len)
{
    const char *end = text + len;

    if (find_word(text, end, "\?\?=") != NULL || find_word(text, end, "\?\?/") != NULL)
        return true;
    for (const char *at = text; (at = find_word(at, end, "\\\n")) != NULL;) {
        const bool in_word =
            at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');

        at += 2;
        if (in_word && at < end && (isalnum((unsigned char)*at) || *at == '_'))
            return true;
    }
    return false;
}

unsigned
scan_text(const char *text, size_t len, scan_visitor *visit, void *arg)
{
    unsigned flags;

    if (len == 0)
        return 0; /* an empty file may have no text at all (NULL) */
    flags = scan_identifiers(text, len);
    if (find_word(text, text + len, ".incbin") != NULL)
        flags |= SCAN_HIDDEN;
    if (has_assembler_include(text, len) || is_disguised(text, len))
        flags |= SCAN_HIDDEN;
    return flags | scan_directives(text, len, visit, arg);
}
