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
    const char *name;
    size_t name_len;
    uint64_t name_word;
    size_t first; /* its text's, of `words` */
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
    struct definition *definitions;
    size_t n_definitions;
    size_t definitions_cap;
    uint64_t *words; /* of all definitions' texts */
    size_t n_words;
    size_t words_cap;
    struct wordset marks;  /* macros that show a path or paste */
    struct wordset pieces; /* the words of all macros that paste */
    struct wordset parts;  /* those of which marked names can be put together */
    const struct marked *marked;
    unsigned flags;
    char *scratch; /* a file's text without its comments, and WORD_ROOM */
    size_t scratch_cap;
};

/* Room for `more` behind `n` objects; returns where they are now. */
static void *
make_room(struct arena *arena, void *old, size_t size, size_t n, size_t more, size_t *cap)
{
    void *out = old;

    if (n + more > *cap) {
        *cap = 2 * (n + more) + 256;
        out = arena_room(arena, *cap * size);
        if (n > 0)
            memcpy(out, old, n * size);
    }
    return out;
}

static void
add_words(struct mentions *mentions, struct wordset *table, const char *at,
          const char *end)
{
    uint64_t word;

    for (size_t len; (len = word_take(&at, end, &word)) > 0; at += len)
        wordset_add(mentions->arena, table, word, 1);
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

/* The text stands in the scratch: word_take reads on behind its end. */
static void
add_definition(struct mentions *mentions, const char *name, size_t name_len,
               const char *body, const char *end)
{
    struct definition *definition;

    mentions->definitions =
        make_room(mentions->arena, mentions->definitions, sizeof(*definition),
                  mentions->n_definitions, 1, &mentions->definitions_cap);
    definition = &mentions->definitions[mentions->n_definitions++];
    *definition = (struct definition){
        .name = arena_strndup(mentions->arena, name, name_len),
        .name_len = name_len,
        .name_word = word_hash(name, name_len),
        .first = mentions->n_words,
        .pastes = cursor_find(body, end, "##") != NULL ||
                  cursor_find(body, end, "%:%:") != NULL,
    };
    mentions->words =
        make_room(mentions->arena, mentions->words, sizeof(*mentions->words),
                  mentions->n_words, (size_t)(end - body) / 2 + 1, &mentions->words_cap);
    for (size_t len;
         (len = word_take(&body, end, &mentions->words[mentions->n_words])) > 0;
         body += len)
        mentions->n_words++;
    definition->n = mentions->n_words - definition->first;
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

/* A line that goes on is text to its end.  What stands in its further lines is looked at
 * once more, as if they were lines of their own; `read` is where the words so far end. */
static void
read_text(struct mentions *mentions, struct wordset *group, struct cursor *cursor,
          const char **read)
{
    struct cursor all = *cursor;
    const char *newline = memchr(all.at, '\n', (size_t)(all.end - all.at));

    if (cursor->at >= *read) {
        cursor_skip_line(&all);
        add_words(mentions, group, cursor->at, all.at);
        *read = all.at;
    }
    cursor->at = newline == NULL ? cursor->end : newline;
}

/* One line, with the comments in front of a directive. */
static void
read_line(struct mentions *mentions, struct wordset *group, struct cursor *cursor,
          const char **read)
{
    const char *line = cursor->at;

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
    cursor->at = line;
    read_text(mentions, group, cursor, read);
}

static char *
get_scratch(struct mentions *mentions, size_t len)
{
    if (len + WORD_ROOM > mentions->scratch_cap) {
        mentions->scratch_cap = 2 * len + WORD_ROOM;
        mentions->scratch = arena_room(mentions->arena, mentions->scratch_cap);
    }
    memset(mentions->scratch + len, 0, WORD_ROOM);
    return mentions->scratch;
}

/* What is kept of a definition is hashes and a copy of its name.  Where comments cannot
 * be told, neither can what a directive is: all of that is text, whatever else it may be.
 */
void
mentions_add_file(struct mentions *mentions, size_t group, const char *text, size_t len)
{
    struct wordset *words = &mentions->groups[group];
    char *code = get_scratch(mentions, len);
    const size_t told = uncomment(text, len, (mentions->flags & MENTIONS_C) != 0, code);
    struct cursor cursor = {code, code + len};
    const char *read = code;

    add_words(mentions, words, code + told, code + len);
    while (cursor.at < cursor.end) {
        read_line(mentions, words, &cursor, &read);
        if (cursor.at < cursor.end)
            cursor.at++;
    }
}

/* Which of the words is the macro's name, if any, depends on the option: so each is. */
void
mentions_add_option(struct mentions *mentions, const char *option)
{
    const size_t all = strlen(option);
    const char *text = memcpy(get_scratch(mentions, all), option, all);
    const char *end = text + all;
    const char *at = text;

    for (size_t len; (len = word_next(&at, end)) > 0; at += len) {
        add_definition(mentions, at, len, text, end);
        if (at[0] == 'D') /* the option itself may be in the word */
            add_definition(mentions, at + 1, len - 1, text, end);
    }
}

/* Returns whether that is news. */
static bool
mark(struct mentions *mentions, const char *name, size_t len, uint64_t word,
     unsigned bits)
{
    struct marked *marked;

    if (bits == 0 || (bits & ~wordset_bits(&mentions->marks, word)) == 0)
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

    for (size_t i = 0; i < n; i++) {
        const char *name = seeds[i].name;

        if ((mentions->flags & MENTIONS_CLANG) != 0 || !seeds[i].is_clang)
            (void)mark(mentions, name, strlen(name), word_hash(name, strlen(name)),
                       seeds[i].bits);
    }
}

static unsigned
bits_of(const struct mentions *mentions, const struct definition *definition,
        const struct wordset *set)
{
    const uint64_t *words = mentions->words + definition->first;
    unsigned bits = 0;

    for (size_t i = 0; i < definition->n; i++)
        bits |= wordset_bits(set, words[i]);
    return bits;
}

/* A macro shows, and pastes, what the macros it mentions do. */
static bool
spread(struct mentions *mentions)
{
    bool has_news = false;

    for (size_t i = mentions->n_definitions; i-- > 0;) {
        const struct definition *d = &mentions->definitions[i];
        const unsigned bits =
            (d->pastes ? PASTES : 0) | bits_of(mentions, d, &mentions->marks);

        has_news |= mark(mentions, d->name, d->name_len, d->name_word, bits);
    }
    return has_news;
}

static bool
does_paste(const struct mentions *mentions, const struct definition *definition)
{
    return (wordset_bits(&mentions->marks, definition->name_word) & PASTES) != 0;
}

static void
collect_pieces(struct mentions *mentions)
{
    mentions->pieces = (struct wordset){0};
    for (size_t i = 0; i < mentions->n_definitions; i++) {
        const struct definition *d = &mentions->definitions[i];

        for (size_t k = 0; k < d->n && does_paste(mentions, d); k++)
            wordset_add(mentions->arena, &mentions->pieces, mentions->words[d->first + k],
                        1);
    }
}

/* Can the rest of a name be put together of at most `parts` pieces?  Those that take part
 * in that get the name's bits. */
static bool
add_parts(struct mentions *mentions, const char *name, size_t len, int parts,
          unsigned bits)
{
    bool can = false;

    for (size_t i = parts > 1 ? 1 : len; i <= len; i++) {
        const uint64_t word = word_hash(name, i);

        if (wordset_bits(&mentions->pieces, word) == 0 ||
            (i == len ? parts == PASTED_PARTS
                      : !add_parts(mentions, name + i, len - i, parts - 1, bits)))
            continue;
        wordset_add(mentions->arena, &mentions->parts, word, bits);
        can = true;
    }
    return can;
}

static void
collect_parts(struct mentions *mentions)
{
    mentions->parts = (struct wordset){0};
    for (const struct marked *m = mentions->marked; m != NULL; m = m->next)
        (void)add_parts(mentions, m->name, m->len, PASTED_PARTS, m->bits);
}

/* Where macros that paste are mentioned, a name can be put together of the words that
 * stand there, at least one of them, and those of all macros that paste.  In such a macro
 * these are words of the same set. */
static bool
spread_pasted(struct mentions *mentions)
{
    bool has_news = false;

    collect_pieces(mentions);
    collect_parts(mentions);
    for (size_t i = mentions->n_definitions; i-- > 0;) {
        const struct definition *d = &mentions->definitions[i];

        if (does_paste(mentions, d))
            has_news |= mark(mentions, d->name, d->name_len, d->name_word,
                             bits_of(mentions, d, &mentions->parts));
    }
    return has_news;
}

/* Can the name be put together of at most `parts` words of the text and of the macros
 * that paste, at least one of them the text's (or `has_own`)? */
static bool
can_paste(const struct mentions *mentions, const struct wordset *text, const char *name,
          size_t len, int parts, bool has_own)
{
    for (size_t i = parts > 1 ? 1 : len; i <= len; i++) {
        const uint64_t word = word_hash(name, i);
        const bool own = wordset_bits(text, word) != 0;

        if (!own && wordset_bits(&mentions->pieces, word) == 0)
            continue;
        if (i == len
                ? (own || has_own) && parts < PASTED_PARTS
                : can_paste(mentions, text, name + i, len - i, parts - 1, has_own || own))
            return true;
    }
    return false;
}

/* The bits of all marked names that can be put together there. */
static unsigned
pasted_at(const struct mentions *mentions, const struct wordset *text)
{
    unsigned bits = 0;

    for (const struct marked *m = mentions->marked; m != NULL; m = m->next)
        if ((m->bits & ~bits) != 0 &&
            can_paste(mentions, text, m->name, m->len, PASTED_PARTS, false))
            bits |= m->bits;
    return bits;
}

static unsigned
shown_by(const struct mentions *mentions, const struct wordset *group)
{
    unsigned bits = 0;

    for (size_t i = 0; i < group->cap; i++)
        if (group->words[i] != 0)
            bits |= wordset_bits(&mentions->marks, group->words[i]);
    return bits & PASTES ? bits | pasted_at(mentions, group) : bits;
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
