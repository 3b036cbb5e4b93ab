/* Reading source text for what the compiler does not report: names that were looked for,
 * macros that make the output depend on time or place, embedded files.
 *
 * Must err towards more: a name too many costs a look into a directory, a name too few
 * could cost a wrong object. */

#include "nvcache/nvcc/scan.h"

#include "cursor_priv.h"
#include "sign_priv.h"

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

static bool
begins(const char *at, const char *end, const char *word)
{
    const size_t len = strlen(word);

    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

static unsigned
time_at(const char *at, const char *end)
{
    for (size_t i = 0; i < sizeof(needles) / sizeof(needles[0]); i++)
        if (begins(at, end, needles[i].text))
            return needles[i].flag;
    return 0;
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

/* Over what is no header name: a character such as '"', an escape, a spliced line, and a
 * comment, which may go on for lines. */
static void
skip_other(struct cursor *cursor)
{
    const char *at = cursor->at;
    const size_t spliced = cursor_splice(cursor);
    const bool is_escape = *at == '\\' && at + 1 < cursor->end;

    if (cursor_skip_comment(cursor))
        return;
    if (spliced > 0)
        cursor->at += spliced;
    else if (cursor->end - at >= 3 && at[0] == '\'' && at[2] == '\'')
        cursor->at += 3;
    else
        cursor->at += is_escape ? 2 : 1;
}

/* For a look ahead: is there any? */
static void
note_name(enum scan_name_kind kind, const char *name, size_t len, void *arg)
{
    (void)kind;
    (void)name;
    (void)len;
    *(bool *)arg = true;
}

/* Neither a name nor anything that visit_line must look at can begin with it. */
static inline bool
is_plain(char c)
{
    return c != '\n' && c != '<' && c != '"' && c != '\'' && c != '/' && c != '\\';
}

/* Header-like tokens in the rest of a logical line; those in quotes are of kind `quoted`.
 */
static void
visit_line(struct cursor *cursor, enum scan_name_kind quoted, scan_visitor *visit,
           void *arg)
{
    for (;;) {
        while (cursor->at < cursor->end && is_plain(*cursor->at))
            cursor->at++;
        if (cursor->at == cursor->end || *cursor->at == '\n')
            return;
        if (!visit_name(cursor, quoted, visit, arg))
            skip_other(cursor);
    }
}

static unsigned
scan_define(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    const char *line = cursor->at;
    const char *asking; /* hardly any line is */

    visit_line(cursor, SCAN_MACRO, visit, arg);
    asking = cursor_find(line, cursor->at, "__has_");
    if (asking != NULL && cursor_find(asking, cursor->at, "__has_embed") != NULL)
        return SCAN_HIDDEN;
    visit(SCAN_DEFINE, line, (size_t)(cursor->at - line), arg);
    return asking != NULL && cursor_find(asking, cursor->at, "__has_include_next") != NULL
               ? SCAN_NEXT_COMPUTED
               : 0;
}

/* #if and its kin.  The logical line is read twice: only its end tells whether what it
 * asks for is searched behind the file at hand. */
static unsigned
scan_condition(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    struct cursor ahead = *cursor;
    bool asks = false; /* also by a macro that stands for __has_include */
    bool is_next;

    visit_line(&ahead, SCAN_QUOTE, note_name, &asks);
    is_next = cursor_find(cursor->at, ahead.at, "__has_include_next") != NULL;
    if (cursor_find(cursor->at, ahead.at, "__has_embed") != NULL)
        return SCAN_HIDDEN;
    asks |= cursor_find(cursor->at, ahead.at, "__has_include") != NULL;
    visit(SCAN_CONDITION, cursor->at, (size_t)(ahead.at - cursor->at), arg);
    visit_line(cursor, is_next ? SCAN_NEXT : SCAN_QUOTE, visit, arg);
    return (is_next ? SCAN_NEXT_COMPUTED : 0) | (asks ? SCAN_ASKS : 0);
}

static unsigned
scan_include(struct cursor *cursor, scan_visitor *visit, void *arg)
{
    const enum scan_name_kind quoted =
        cursor_take(cursor, "_next") ? SCAN_NEXT : SCAN_QUOTE;

    struct cursor ahead;

    cursor_skip_blanks(cursor);
    if (visit_name(cursor, quoted, visit, arg))
        return 0;
    ahead = *cursor;
    cursor_skip_line(&ahead);
    visit(SCAN_COMPUTES, cursor->at, (size_t)(ahead.at - cursor->at), arg);
    return SCAN_COMPUTED | (quoted == SCAN_NEXT ? SCAN_NEXT_COMPUTED : 0);
}

/* Behind the '#'.  #ifdef and its kin use no macro. */
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
    if (!cursor_take(cursor, "if") && !cursor_take(cursor, "elif"))
        return 0;
    return cursor_take(cursor, "def") || cursor_take(cursor, "ndef")
               ? 0
               : scan_condition(cursor, visit, arg);
}

/* Is there nothing before `at` on its line, or the end of a comment, or the mark that
 * some editors put in front of UTF-8? */
static bool
begins_line(const char *text, const char *at)
{
    static const char mark[] = "\xEF\xBB\xBF";

    while (at > text && cursor_is_blank(at[-1]))
        at--;
    return at == text || at[-1] == '\n' ||
           (at - text >= 2 && at[-2] == '*' && at[-1] == '/') ||
           (at - text == 3 && memcmp(text, mark, 3) == 0);
}

/* Is the directive of the assembler's that ends here one: no member of an object, and
 * something behind it that can stand in a string? */
static bool
is_directive(const char *text, const char *at, const char *behind, const char *end)
{
    const bool is_escape = at > text + 1 && at[-2] == '\\'; /* "\n.include" */
    const bool is_member = at > text && !is_escape &&
                           (isalnum((unsigned char)at[-1]) || strchr("_)]./", at[-1]));

    return !is_member && behind < end && strchr(" \t\\\"'", *behind) != NULL;
}

static bool
takes_file(const char *text, const char *at, const char *end)
{
    static const char *const others[] = {".include", ".macro", ".irp", ".irpc"};

    if (begins(at, end, ".incbin"))
        return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (begins(at, end, others[i]) &&
            is_directive(text, at, at + strlen(others[i]), end))
            return true;
    return false;
}

bool
scan_takes_files(const char *text, size_t len)
{
    const char *const end = text + len;

    for (const char *at = text; (at = sign_next_point(at, end)) < end; at++)
        if (takes_file(text, at, end))
            return true;
    return false;
}

/* Do two characters belong together: in a word, the end of a comment, a digraph or a
 * trigraph? */
static bool
are_joined(char left, char right)
{
    static const char *const pairs[] = {"*/", "%:", "\?\?", "\?="};

    if ((isalnum((unsigned char)left) || left == '_') &&
        (isalnum((unsigned char)right) || right == '_'))
        return true;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i][0] == left && pairs[i][1] == right)
            return true;
    return false;
}

/* Does a line end here inside of a directive, or of a name with a meaning, so that it is
 * not recognised here? */
static bool
is_split(const char *text, const char *at, const char *end)
{
    const struct cursor cursor = {at, end};
    const size_t spliced = cursor_splice(&cursor);

    return spliced > 0 && at > text && at + spliced < end &&
           are_joined(at[-1], at[spliced]);
}

/* `#pragma GCC dependency "file"` compares times of files, `#pragma GCC pch_preprocess`
 * reads one. */
static bool
is_reading_pragma(const char *at, const char *end)
{
    struct cursor cursor = {at, end};

    if (!cursor_take(&cursor, "GCC"))
        return false;
    cursor_skip_blanks(&cursor);
    return cursor_take(&cursor, "dependency") || cursor_take(&cursor, "pch_preprocess");
}

/* A sign counts whether or not it stands in a comment or a raw string: telling those
 * apart needs a whole lexer, and one that is wrong misses what comes behind. */
static unsigned
scan_sign(const char *text, const char *at, const char *end, scan_visitor *visit,
          void *arg)
{
    struct cursor behind = {at + (*at == '%' ? 2 : 1), end};
    bool is_hidden = false;

    switch (*at) {
    case '#':
    case '%':
        return begins_line(text, at) ? scan_directive(&behind, visit, arg) : 0;
    case '_':
        return time_at(at, end);
    case '.':
        is_hidden = takes_file(text, at, end);
        break;
    case '\\':
        is_hidden = is_split(text, at, end);
        break;
    case '?':
        is_hidden = begins(at, end, "\?\?=") || begins(at, end, "\?\?/");
        break;
    case 'G':
        is_hidden = is_reading_pragma(at, end);
        break;
    default:
        break;
    }
    return is_hidden ? SCAN_HIDDEN : 0;
}

bool
scan_is_header_like(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr(" %\\:,;(){}\t", name[i]) != NULL)
            return false;
    return true;
}

bool
scan_says_system(const char *text, size_t len)
{
    static const char word[] = "system_header";

    return len > 0 && memmem(text, len, word, sizeof(word) - 1) != NULL;
}

unsigned
scan_text(const char *text, size_t len, scan_visitor *visit, void *arg)
{
    const char *const end = text + len;
    unsigned flags = 0;

    if (len == 0)
        return 0; /* an empty file may have no text at all (NULL) */
    for (const char *at = text; (at = sign_next(at, end)) < end; at++)
        flags |= scan_sign(text, at, end, visit, arg);
    return flags;
}
