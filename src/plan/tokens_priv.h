#ifndef NVCACHE_PLAN_TOKENS_PRIV_H
#define NVCACHE_PLAN_TOKENS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct digest;

/* The tokens of a part of a text that begins and ends between lines: behind it there is a
 * NUL, or a newline is its last character.  *out_empty: it has none, and no digest.
 * False, and no more than that, as text_digest_tokens (nvcache/plan/text.h). */
bool tokens_digest(const char *text, size_t len, struct digest *out, bool *out_empty,
                   struct buf *out_directives);

#endif
