#ifndef NVCACHE_NVCC_CHAINS_H
#define NVCACHE_NVCC_CHAINS_H

#include "nvcache/nvcc/command.h"

struct buf;

/* How many compile chains (cicc and what follows it) a command has, and how many nvcc
 * runs at once: `--threads N` is N of them, each with memory of its own. */

/* One for each virtual architecture; `all` and `all-major` count as the most that any
 * nvcc makes of them.  At least 1. */
unsigned command_chains(const struct nvcc_command *command);

/* The chains that run at once. */
unsigned command_lanes(const struct nvcc_command *command);

/* Append what the command says of architectures, as it says it. */
void command_put_architectures(const struct nvcc_command *command, struct buf *out);

/* May --threads be written anew?  It may when it stands in `argv` itself, once: given a
 * second time, nvcc would warn. */
bool command_may_lower_threads(const struct nvcc_command *command, int argc,
                               char *const argv[]);

/* A copy of argv with another number of threads; needs command_may_lower_threads.  The
 * object stays the same (--threads is in no key). */
char **command_with_threads(struct arena *arena, int argc, char *const argv[],
                            unsigned threads);

#endif
