#ifndef NVCACHE_NVCC_VARIABLES_H
#define NVCACHE_NVCC_VARIABLES_H

#include <stddef.h>

struct arena;
struct hasher;

/* Environment variables that a compile reads: src/nvcc/variables.def, which also tells
 * how they were found. */

#define VARIABLES_MAX 128

/* The names of those whose value reaches the output, in a fixed order; how many. */
size_t variables_in_key(const char *out[VARIABLES_MAX]);

/* Their values, in the same order; NULL: not set.  The process's own strings. */
void variables_values(const char *out[VARIABLES_MAX]);

/* Hash all their values; unset is a value of its own. */
void variables_hash(struct hasher *hasher);

/* The first variable that is set and keeps a command from being cached, because with this
 * value the tools read or write files that no key knows (DEPENDENCIES_OUTPUT,
 * COMPILER_PATH, PTXAS_FLAGS=--options-file...); or NULL. */
const char *variables_forbidden(struct arena *arena);

#endif
