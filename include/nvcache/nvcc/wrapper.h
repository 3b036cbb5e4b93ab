#ifndef NVCACHE_NVCC_WRAPPER_H
#define NVCACHE_NVCC_WRAPPER_H

#include "nvcache/base/status.h"

struct arena;

/* The binary that a compiler is: the file itself, or what a wrapper script runs when all
 * that the script does is to run one program with the same arguments (`exec /path/nvcc
 * "$@"`, as distributions install it).  BYPASS_WRAPPER for any other script: what it does
 * to the command cannot be known.  Only small files are read. */
NVC_NODISCARD enum nvc_status wrapper_resolve(struct arena *arena, const char *program,
                                              const char **out);

/* The program that the text of such a script runs, or NULL. */
const char *wrapper_target(struct arena *arena, const char *text);

#endif
