#ifndef NVCACHE_NVCC_CURSOR_PRIV_H
#define NVCACHE_NVCC_CURSOR_PRIV_H

#include <stdbool.h>

/* A place in source text, for those who look for directives. */
struct cursor {
    const char *at;
    const char *end;
};

/* Over blanks, spliced lines and comments. */
void cursor_skip_blanks(struct cursor *cursor);

/* Over `word` if it stands here, even as the beginning of a longer one. */
bool cursor_take(struct cursor *cursor, const char *word);

/* Over the '#' of a directive and the blanks around it. */
bool cursor_take_hash(struct cursor *cursor);

/* To the newline that ends the logical line, or to the end. */
void cursor_skip_line(struct cursor *cursor);

#endif
