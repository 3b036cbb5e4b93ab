#ifndef NVCACHE_PLAN_TEXT_H
#define NVCACHE_PLAN_TEXT_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

/* Preprocessed text, as gcc -E writes it: what its tokens are, and what was read for it.
 */

/* The identity of the tokens: white space between them counts as much as one blank, line
 * markers ("# 12 "a.h" 1 3") only for what they say about system headers.  Directives
 * that are still there (#pragma) are lines of their own.
 *
 * Two texts with one digest give the same code, except for debug information, and except
 * for the places of messages.  Groups behind `#if 0` do not count (cudafe++ writes them).
 * False when positions can reach the code (__LINE__, __builtin_LINE and their like are in
 * the text), or when the text is not understood (an unterminated literal or comment):
 * then only the bytes themselves tell.
 *
 * `text` has a NUL behind it (buf_str).  The directives that count are appended to
 * `out_directives`, if that is not NULL.
 *
 * `known`, if that is not NULL, saves doing again what the texts before had as well (it
 * takes no directives then): they must live as long as it is used. */
struct text_passages;
struct text_passages *text_passages_new(struct arena *arena);

NVC_NODISCARD bool text_digest_tokens(const char *text, size_t len,
                                      struct text_passages *known, struct digest *out,
                                      struct buf *out_directives);

/* The files that were read for the text, in order, each once.  `text_inputs_add` is
 * called once for each pass; nvcc's dependency lists are the device passes in order, then
 * the host's (measured with 11.8, 12.4, 13.0 and 13.5). */
struct text_inputs {
    struct arena *arena;
    struct strlist files;
    bool *is_system; /* of each file: found in a system directory */
    size_t cap;
    unsigned *slots; /* hash table of index + 1 */
    size_t n_slots;
};

void text_inputs_init(struct text_inputs *inputs, struct arena *arena);

/* The markers that enter a file: line 1, flag 1.  False when a name is written in a way
 * that gcc does not: then the list is not complete. */
NVC_NODISCARD bool text_inputs_add(struct text_inputs *inputs, const char *text,
                                   size_t len);

#endif
