/* Which conditions ask for headers by names that cannot be seen.
 *
 * A macro is marked by what its uses can ask for.  Must err towards more: a header that
 * is asked for, and not known to be, is a wrong object when it appears. */

#include "nvcache/nvcc/probe.h"

#include "cursor_priv.h"
#include "defines_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/nvcc/scan.h"
#include "wordset_priv.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum mark {
    ASKS = 1,  /* using it asks for a header */
    OPEN = 2,  /* ... for the one that it is called with */
    MAKES = 4, /* ... for one whose name is not spelled out */
};

static const char *const seeds[] = {"__has_include", "__has_include_next"};

/* A logical line. */
struct line {
    const struct line *next;
    struct cursor text;
    bool is_user;
};

struct word {
    const char *text;
    size_t len;
};

struct probes {
    struct arena *arena;
    struct defines *defines;
    const struct line *conditions;
    const struct line *options;
    struct wordset macros; /* the names of all macros */
    struct wordset marks;
    struct word *news; /* marked since the definitions were looked over for such words */
    size_t n_news;
    size_t news_cap;
    unsigned answer;
};

/* A definition, or a condition: that has no name. */
struct site {
    const struct probes *probes;
    struct word name;
    struct cursor parameters; /* empty: none */
    struct cursor body;
};

static bool
take_word(struct cursor *cursor, struct word *out)
{
    out->len = word_next(&cursor->at, cursor->end);
    out->text = cursor->at;
    cursor->at += out->len;
    return out->len > 0;
}

/* Over an identifier that stands here. */
static bool
take_identifier(struct cursor *cursor, struct word *out)
{
    const char *at = cursor->at;

    return at < cursor->end && !isdigit((unsigned char)*at) && take_word(cursor, out) &&
           out->text == at;
}

static bool
is_word(struct word word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static unsigned
mark_of(const struct probes *probes, struct word word)
{
    return wordset_bits(&probes->marks, word_hash(word.text, word.len));
}

static bool
is_parameter(const struct site *site, struct word word)
{
    struct cursor cursor = site->parameters;
    struct word parameter;

    if (cursor.at == cursor.end)
        return false;
    if (is_word(word, "__VA_ARGS__"))
        return true;
    while (take_word(&cursor, &parameter))
        if (parameter.len == word.len && memcmp(parameter.text, word.text, word.len) == 0)
            return true;
    return false;
}

/* Does anything between angle brackets stand for something else? */
static bool
is_replaced(const struct site *site, const char *from, const char *to)
{
    struct cursor cursor = {from, to};
    struct word word;

    while (take_word(&cursor, &word))
        if (!isdigit((unsigned char)word.text[0]) &&
            (is_parameter(site, word) ||
             wordset_bits(&site->probes->macros, word_hash(word.text, word.len)) != 0))
            return true;
    return false;
}

/* Over a header's name that is what it says: between angle brackets macros are replaced
 * when another macro is on the way.  In quotes, where a macro asks, it must be one that
 * those who search beside other files take for a name. */
static bool
take_name(const struct site *site, struct cursor *cursor)
{
    const char open = cursor->at < cursor->end ? *cursor->at : '\0';
    const char *name = cursor->at + 1;
    const char *close;

    if (open != '<' && open != '"')
        return false;
    close = memchr(name, open == '<' ? '>' : '"', (size_t)(cursor->end - name));
    if (close == NULL || (open == '<' && is_replaced(site, name, close)))
        return false;
    if (open == '"' && site->name.len > 0 &&
        !scan_is_header_like(name, (size_t)(close - name)))
        return false;
    cursor->at = close + 1;
    return true;
}

/* What asks a macro that asks for what it is called with, called with what follows here?
 * Only a header's name that is spelled out, or a parameter, is understood. */
static unsigned
asked_by_call(const struct site *site, struct cursor cursor)
{
    unsigned mark = ASKS;
    struct word word;

    cursor_skip_blanks(&cursor);
    if (!cursor_take(&cursor, "("))
        return ASKS | MAKES;
    cursor_skip_blanks(&cursor);
    if (!take_name(site, &cursor)) {
        if (!take_identifier(&cursor, &word) || !is_parameter(site, word))
            return ASKS | MAKES;
        mark |= OPEN;
    }
    cursor_skip_blanks(&cursor);
    return cursor_take(&cursor, ")") ? mark : ASKS | MAKES;
}

static unsigned
asked_by_use(const struct site *site, struct word used, struct cursor behind)
{
    const unsigned mark = mark_of(site->probes, used);

    return mark & OPEN ? (mark & MAKES) | asked_by_call(site, behind) : mark;
}

/* `defined NAME`, `defined(NAME)` use no macro. */
static void
skip_defined(struct cursor *cursor)
{
    struct word word;

    cursor_skip_blanks(cursor);
    if (cursor_take(cursor, "("))
        cursor_skip_blanks(cursor);
    (void)take_identifier(cursor, &word);
}

/* Another name for a macro, and nothing else. */
static bool
is_alias(const struct site *site, struct word *out)
{
    struct cursor cursor = site->body;

    cursor_skip_blanks(&cursor);
    if (site->parameters.at < site->parameters.end || !take_identifier(&cursor, out))
        return false;
    cursor_skip_blanks(&cursor);
    return cursor.at == cursor.end;
}

/* \u00e9: a name that can be spelled otherwise elsewhere. */
static bool
has_escaped_name(struct cursor text)
{
    while ((text.at = memchr(text.at, '\\', (size_t)(text.end - text.at))) != NULL) {
        text.at++;
        if (text.at < text.end && (*text.at == 'u' || *text.at == 'U'))
            return true;
    }
    return false;
}

static unsigned
asked_at(const struct site *site)
{
    struct cursor cursor = site->body;
    unsigned marks = has_escaped_name(cursor) ? ASKS | MAKES : 0;
    struct word word;

    if (site->name.len > 0 && is_alias(site, &word))
        return marks | mark_of(site->probes, word);
    while (take_word(&cursor, &word))
        if (is_word(word, "defined"))
            skip_defined(&cursor);
        else
            marks |= asked_by_use(site, word, cursor);
    return marks;
}

/* The parameters' closing parenthesis is part of what counts as parameters. */
static bool
read_define(const struct probes *probes, struct cursor text, struct site *out)
{
    const char *close;

    *out = (struct site){.probes = probes};
    cursor_skip_blanks(&text);
    if (!take_identifier(&text, &out->name))
        return false;
    close = memchr(text.at, ')', (size_t)(text.end - text.at));
    if (text.at < text.end && *text.at == '(' && close != NULL) {
        out->parameters = (struct cursor){text.at, close + 1};
        text.at = close + 1;
    }
    out->body = text;
    return true;
}

static void
mark(struct probes *probes, struct word word, unsigned marks)
{
    if ((marks & ~mark_of(probes, word)) == 0)
        return;
    wordset_add(probes->arena, &probes->marks, word_hash(word.text, word.len), marks);
    if (probes->n_news == probes->news_cap) {
        const size_t cap = 2 * probes->news_cap + 16;
        struct word *news = arena_array(probes->arena, cap, sizeof(*news));

        if (probes->n_news > 0)
            memcpy(news, probes->news, probes->n_news * sizeof(*news));
        probes->news = news;
        probes->news_cap = cap;
    }
    probes->news[probes->n_news++] = word;
}

static void
mark_define(const char *text, size_t len, bool is_user, void *arg)
{
    struct probes *probes = arg;
    struct site site;
    unsigned marks;

    if (!read_define(probes, (struct cursor){text, text + len}, &site))
        return;
    marks = asked_at(&site);
    if (marks != 0 && is_user)
        probes->answer |= PROBES_USER;
    if (marks != 0 && memchr(text, '"', len) != NULL)
        probes->answer |= PROBES_QUOTED;
    mark(probes, site.name, marks);
}

/* Which of the words is the macro's name, if any, depends on the option: so each is. */
static void
mark_option(struct probes *probes, const struct line *line)
{
    const struct site site = {.probes = probes, .body = line->text};
    struct cursor cursor = line->text;
    struct word word;

    if (asked_at(&site) == 0)
        return;
    while (take_word(&cursor, &word)) {
        const struct word rest = {word.text + 1, word.len - 1};

        mark(probes, word, ASKS | MAKES);
        if (word.text[0] == 'D' && rest.len > 0) /* the option may be in the word */
            mark(probes, rest, ASKS | MAKES);
    }
}

/* Only a definition with a marked word in it can mark another, or one with a name that is
 * written otherwise. */
static void
spread(struct probes *probes)
{
    defines_visit(probes->defines, "\\u", 2, mark_define, probes);
    defines_visit(probes->defines, "\\U", 2, mark_define, probes);
    while (probes->n_news > 0) {
        const struct word word = probes->news[--probes->n_news];

        defines_visit(probes->defines, word.text, word.len, mark_define, probes);
        for (const struct line *line = probes->options; line != NULL; line = line->next)
            mark_option(probes, line);
    }
}

unsigned
probes_finish(struct probes *probes)
{
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        mark(probes, (struct word){seeds[i], strlen(seeds[i])}, ASKS | OPEN);
    spread(probes);
    for (const struct line *line = probes->conditions; line != NULL; line = line->next) {
        const struct site site = {.probes = probes, .body = line->text};
        const unsigned marks = asked_at(&site);

        if (marks & MAKES)
            probes->answer |= PROBES_UNSEEN;
        if (marks != 0 && line->is_user)
            probes->answer |= PROBES_USER;
    }
    return probes->answer;
}

static void
add_line(struct probes *probes, const struct line **list, const char *text, size_t len,
         bool is_user)
{
    struct line *line = arena_alloc(probes->arena, sizeof(*line));

    line->next = *list;
    line->text.at = arena_strndup(probes->arena, text, len);
    line->text.end = line->text.at + len;
    line->is_user = is_user;
    *list = line;
}

void
probes_add_define(struct probes *probes, const char *text, size_t len, bool is_user)
{
    struct site site;

    defines_add(probes->defines, text, len, is_user);
    if (read_define(probes, (struct cursor){text, text + len}, &site))
        wordset_add(probes->arena, &probes->macros,
                    word_hash(site.name.text, site.name.len), 1);
}

void
probes_add_condition(struct probes *probes, const char *text, size_t len, bool is_user)
{
    add_line(probes, &probes->conditions, text, len, is_user);
}

/* Its name stands before its parameters and its value; with the option, if that is in the
 * same word. */
static void
add_names(struct probes *probes, struct cursor text)
{
    struct word word;

    while (take_word(&text, &word)) {
        const bool has_option = word.text[0] == 'D' && word.len > 1;

        wordset_add(probes->arena, &probes->macros, word_hash(word.text, word.len), 1);
        if (has_option)
            wordset_add(probes->arena, &probes->macros,
                        word_hash(word.text + 1, word.len - 1), 1);
    }
}

void
probes_add_option(struct probes *probes, const char *text)
{
    /* -Wp,-DA=1,-DB=2 */
    const size_t len = text[0] == '-' ? strlen(text) : strcspn(text, "=(");

    add_line(probes, &probes->options, text, strlen(text), true);
    add_names(probes, (struct cursor){text, text + len});
}

struct probes *
probes_new(struct arena *arena)
{
    struct probes *probes = arena_alloc(arena, sizeof(*probes));

    *probes = (struct probes){.arena = arena, .defines = defines_new(arena)};
    return probes;
}
