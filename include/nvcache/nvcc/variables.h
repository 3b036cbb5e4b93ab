#ifndef NVCACHE_NVCC_VARIABLES_H
#define NVCACHE_NVCC_VARIABLES_H

#include <stddef.h>

/* Environment variables that reach the output of a compile, in a fixed order.  How the
 * list was found: src/nvcc/variables.c. */
extern const char *const variables_in_key[];
extern const size_t variables_in_key_n;

/* The first variable that is set and makes the host compiler write further files
 * (DEPENDENCIES_OUTPUT),
 * or look for its own parts elsewhere (COMPILER_PATH); or NULL. */
const char *variables_forbidden(void);

#endif
