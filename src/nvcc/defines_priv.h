#ifndef NVCACHE_NVCC_DEFINES_PRIV_H
#define NVCACHE_NVCC_DEFINES_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* All definitions of a unit: what stands behind `#define`, to the end of the logical
 * line. */

struct defines;

struct defines *defines_new(struct arena *arena);

/* The text need not live on. */
void defines_add(struct defines *defines, const char *text, size_t len, bool is_user);

/* Those with `word` in them somewhere, also as a part of another: each once.  The text
 * lives as long as the arena. */
typedef void defines_visitor(const char *text, size_t len, bool is_user, void *arg);
void defines_visit(const struct defines *defines, const char *word, size_t len,
                   defines_visitor *visit, void *arg);

#endif
