/* Which files mention a macro that shows a path.
 *
 * Words are kept as hashes: of two that collide, one counts as the other, which can only
 * name too much.  Must err towards more: a path that shows and is not noticed is a wrong
 * object in another directory. */

#include "nvcache/nvcc/mentions.h"

#include "cursor_priv.h"
#include "nvcache/base/arena.h"
#include "uncomment_priv.h"
#include "wordset_priv.h"

#include <stdint.h>
#include <string.h>

enum {
    SHOWS_HERE = 1,    /* the path of the file that mentions it */
    SHOWS_CALLERS = 2, /* any file's */
    PASTES = 4,        /* it puts words together, or mentions a macro that does */
    PASTED_PARTS = 3
};

static const struct {
    const char *name;
    unsigned bits;
    bool is_clang; /* only clang's shows a path */
} seeds[] = {
    {"__FILE__", SHOWS_HERE, false},
    {"__BASE_FILE__", SHOWS_CALLERS, false},
    {"__builtin_FILE", SHOWS_CALLERS, false},
    {"__builtin_source_location", SHOWS_CALLERS, false},
    {"__PRETTY_FUNCTION__", SHOWS_CALLERS, true},
};

struct definition {
    const struct definition *next;
    const char *name;
    size_t name_len;
    const uint64_t *words; /* of the body */
    size_t n;
    bool pastes; /* ## */
};

/* A name that shows a path. */
struct marked {
    const struct marked *next;
    const char *name;
    size_t len;
    unsigned bits;
};

struct mentions {
    struct arena *arena;
    struct wordset *groups; /* the words of each group's text */
    uint8_t *shows;         /* bits of each group */
    size_t n_groups;
    struct wordset marks;  /* macros that show a path or paste */
    struct wordset pieces; /* the words of all macros that paste */
    const struct definition *definitions;
    const struct marked *marked;
    unsigned flags;
    char *scratch; /* a file's text without its comments */
    size_t scratch_cap;
};

static void
add_words(struct mentions *mentions, struct wordset *table, const char *at,
          const char *end)
{
    for (size_t len; (len = word_next(&at, end)) > 0; at += len)
        wordset_add(mentions->arena, table, word_hash(at, len), 1);
}

/* Where the text of a macro ends: a comment may go on over lines. */
static const char *
body_end(struct cursor cursor)
{
    while (cursor.at < cursor.end && *cursor.at != '\n') {
        const char *before = cursor.at;

        cursor_skip_blanks(&cursor);
        if (cursor.at == before)
            cursor.at++;
    }
    return cursor.at;
}

static void
add_definition(struct mentions *mentions, const char *name, size_t name_len,
               const char *body, const char *end)
{
    struct arena *arena = mentions->arena;
    struct definition *definition = arena_alloc(arena, sizeof(*definition));
    const size_t body_len = (size_t)(end - body);
    uint64_t *words = arena_array(arena, body_len / 2 + 1, sizeof(*words));

    for (size_t len; (len = word_next(&body, end)) > 0; body += len)
        words[definition->n++] = word_hash(body, len);
    definition->next = mentions->definitions;
    definition->name = arena_strndup(arena, name, name_len);
    definition->name_len = name_len;
    definition->words = words;
    definition->pastes = memmem(end - body_len, body_len, "##", 2) != NULL ||
                         memmem(end - body_len, body_len, "%:%:", 4) != NULL;
    mentions->definitions = definition;
}

static void
read_define(struct mentions *mentions, struct cursor *cursor)
{
    const char *name = cursor->at;
    const char *end = body_end(*cursor);
    const size_t len = word_next(&name, end);

    if (len > 0)
        add_definition(mentions, name, len, name + len, end);
    cursor_skip_line(cursor);
}

/* In these directives nothing is expanded that reaches the output. */
static bool
is_silent(struct cursor *cursor)
{
    static const char *const words[] = {"if",    "el",      "endif",   "undef",
                                        "error", "warning", "include", "import"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cursor_take(cursor, words[i]))
            return true;
    return false;
}

/* One line, with the comments in front of a directive. */
static void
read_line(struct mentions *mentions, struct wordset *group, struct cursor *cursor)
{
    const char *line = cursor->at;
    const char *newline;

    if (cursor_take_hash(cursor)) {
        add_words(mentions, group, line, cursor->at);
        line = cursor->at;
        if (cursor_take(cursor, "define")) {
            cursor_skip_blanks(cursor);
            read_define(mentions, cursor);
            return;
        }
        if (is_silent(cursor)) {
            cursor_skip_line(cursor);
            return;
        }
    }
    newline = memchr(line, '\n', (size_t)(cursor->end - line));
    cursor->at = newline == NULL ? cursor->end : newline;
    add_words(mentions, group, line, cursor->at);
}

static const char *
without_comments(struct mentions *mentions, const char *text, size_t len)
{
    if (len > mentions->scratch_cap) {
        mentions->scratch_cap = 2 * len;
        mentions->scratch = arena_array(mentions->arena, mentions->scratch_cap, 1);
    }
    uncomment(text, len, (mentions->flags & MENTIONS_C) != 0, mentions->scratch);
    return mentions->scratch;
}

/* What is kept of a definition is hashes and a copy of its name. */
void
mentions_add_file(struct mentions *mentions, size_t group, const char *text, size_t len)
{
    const char *code = without_comments(mentions, text, len);
    struct cursor cursor = {code, code + len};

    while (cursor.at < cursor.end) {
        read_line(mentions, &mentions->groups[group], &cursor);
        if (cursor.at < cursor.end)
            cursor.at++;
    }
}

/* Which of the words is the macro's name, if any, depends on the option: so each is. */
void
mentions_add_option(struct mentions *mentions, const char *text)
{
    const char *end = text + strlen(text);
    const char *at = text;

    for (size_t len; (len = word_next(&at, end)) > 0; at += len) {
        add_definition(mentions, at, len, text, end);
        if (at[0] == 'D') /* the option itself may be in the word */
            add_definition(mentions, at + 1, len - 1, text, end);
    }
}

/* Returns whether that is news. */
static bool
mark(struct mentions *mentions, const char *name, size_t len, unsigned bits)
{
    const uint64_t word = word_hash(name, len);
    struct marked *marked;

    if ((bits & ~wordset_bits(&mentions->marks, word)) == 0)
        return false;
    wordset_add(mentions->arena, &mentions->marks, word, bits);
    if ((bits & (SHOWS_HERE | SHOWS_CALLERS)) != 0) {
        marked = arena_alloc(mentions->arena, sizeof(*marked));
        *marked = (struct marked){mentions->marked, name, len, bits & ~(unsigned)PASTES};
        mentions->marked = marked;
    }
    return true;
}

static void
mark_seeds(struct mentions *mentions)
{
    const size_t n = sizeof(seeds) / sizeof(seeds[0]);

    for (size_t i = 0; i < n; i++)
        if ((mentions->flags & MENTIONS_CLANG) != 0 || !seeds[i].is_clang)
            (void)mark(mentions, seeds[i].name, strlen(seeds[i].name), seeds[i].bits);
}

/* A macro shows, and pastes, what the macros it mentions do. */
static bool
spread(struct mentions *mentions)
{
    bool has_news = false;

    for (const struct definition *d = mentions->definitions; d != NULL; d = d->next) {
        unsigned bits = d->pastes ? PASTES : 0;

        for (size_t i = 0; i < d->n; i++)
            bits |= wordset_bits(&mentions->marks, d->words[i]);
        has_news |= mark(mentions, d->name, d->name_len, bits);
    }
    return has_news;
}

static bool
does_paste(const struct mentions *mentions, const struct definition *definition)
{
    const uint64_t word = word_hash(definition->name, definition->name_len);

    return (wordset_bits(&mentions->marks, word) & PASTES) != 0;
}

static void
collect_pieces(struct mentions *mentions)
{
    mentions->pieces = (struct wordset){0};
    for (const struct definition *d = mentions->definitions; d != NULL; d = d->next)
        for (size_t i = 0; i < d->n && does_paste(mentions, d); i++)
            wordset_add(mentions->arena, &mentions->pieces, d->words[i], 1);
}

/* Where macros that paste are mentioned: a macro, or a group's text. */
struct site {
    const struct definition *definition;
    const struct wordset *text;
};

static bool
is_at_site(const struct site *site, uint64_t word)
{
    if (site->text != NULL)
        return wordset_bits(site->text, word) != 0;
    for (size_t i = 0; i < site->definition->n; i++)
        if (site->definition->words[i] == word)
            return true;
    return false;
}

/* Can the name be put together of at most `parts` words of the site and of the macros
 * that paste, at least one of them the site's (or `has_own`)? */
static bool
can_paste(const struct mentions *mentions, const struct site *site, const char *name,
          size_t len, int parts, bool has_own)
{
    for (size_t i = 1; i <= len; i++) {
        const uint64_t word = word_hash(name, i);
        const bool own = is_at_site(site, word);

        if (!own && wordset_bits(&mentions->pieces, word) == 0)
            continue;
        if (i == len ? (own || has_own) && parts < PASTED_PARTS
                     : parts > 1 && can_paste(mentions, site, name + i, len - i,
                                              parts - 1, has_own || own))
            return true;
    }
    return false;
}

/* The bits of all marked names that can be put together there. */
static unsigned
pasted_at(const struct mentions *mentions, const struct site *site)
{
    unsigned bits = 0;

    for (const struct marked *m = mentions->marked; m != NULL; m = m->next)
        if ((m->bits & ~bits) != 0 &&
            can_paste(mentions, site, m->name, m->len, PASTED_PARTS, false))
            bits |= m->bits;
    return bits;
}

static bool
spread_pasted(struct mentions *mentions)
{
    bool has_news = false;

    collect_pieces(mentions);
    for (const struct definition *d = mentions->definitions; d != NULL; d = d->next) {
        const struct site site = {.definition = d};

        if (does_paste(mentions, d))
            has_news |= mark(mentions, d->name, d->name_len, pasted_at(mentions, &site));
    }
    return has_news;
}

static unsigned
shown_by(const struct mentions *mentions, const struct wordset *group)
{
    const struct site site = {.text = group};
    unsigned bits = 0;

    for (size_t i = 0; i < group->cap; i++)
        if (group->words[i] != 0)
            bits |= wordset_bits(&mentions->marks, group->words[i]);
    return bits & PASTES ? bits | pasted_at(mentions, &site) : bits;
}

void
mentions_finish(struct mentions *mentions)
{
    mark_seeds(mentions);
    do {
        while (spread(mentions))
            continue;
    } while (spread_pasted(mentions));
    for (size_t g = 0; g < mentions->n_groups; g++)
        mentions->shows[g] = (uint8_t)shown_by(mentions, &mentions->groups[g]);
}

bool
mentions_shows(const struct mentions *mentions, size_t group)
{
    unsigned all = 0;

    for (size_t g = 0; g < mentions->n_groups; g++)
        all |= mentions->shows[g];
    return ((mentions->shows[group] & SHOWS_HERE) | (all & SHOWS_CALLERS)) != 0;
}

struct mentions *
mentions_new(struct arena *arena, size_t n_groups, unsigned flags)
{
    struct mentions *mentions = arena_alloc(arena, sizeof(*mentions));

    mentions->arena = arena;
    mentions->groups = arena_array(arena, n_groups, sizeof(*mentions->groups));
    mentions->shows = arena_array(arena, n_groups, 1);
    mentions->n_groups = n_groups;
    mentions->flags = flags;
    return mentions;
}
