#ifndef NVCACHE_PLAN_PLAIN_PRIV_H
#define NVCACHE_PLAN_PLAIN_PRIV_H

#include <stdbool.h>

/* Characters of preprocessed text, and what of it can be passed over. */

/* What a character can begin, by its code. */
enum kind {
    S, /* a sign: a token of its own, as far as blanks and lines are concerned */
    W, /* a word: letters, _ and $, and all bytes beyond ASCII */
    D, /* a number */
    B, /* white space */
    Q, /* a literal */
    L, /* a slash: a comment, too */
    H, /* a number sign: a line of its own, too */
    P, /* a point: a number, too */
    E  /* NUL: behind the text, or in it a sign */
};

extern const unsigned char plain_kinds[256];

static inline enum kind
kind_of(char c)
{
    return (enum kind)plain_kinds[(unsigned char)c];
}

static inline bool
is_word_char(char c)
{
    return kind_of(c) == W || kind_of(c) == D;
}

static inline bool
is_digit(char c)
{
    return kind_of(c) == D;
}

static inline bool
is_space(char c)
{
    return kind_of(c) == B;
}

/* From inside of a run of tokens: where it may end.  That is at white space, but for one
 * blank in front of a token; at a literal or a comment; at a word that may be a
 * position.  `end` is where the NUL behind the text is. */
const char *plain_skip(const char *at, const char *end);

#endif
