#ifndef NVCACHE_NVCC_LIBRARIES_PRIV_H
#define NVCACHE_NVCC_LIBRARIES_PRIV_H

#include "nvcache/base/status.h"

struct arena;
struct hasher;
struct toolchain_layout;

/* Add the shared libraries that the programs of `layout` load to its files, and the names
 * under which others would be found first, in directories that depend on where a command
 * runs or that the programs name themselves, to its absent names.  `search` is
 * LD_LIBRARY_PATH as nvcc hands it to its tools. BYPASS_TOOLCHAIN when a loader's answer
 * is not understood, or when it finds a library below the working directory. */
NVC_NODISCARD enum nvc_status libraries_add(struct arena *arena, const char *search,
                                            struct toolchain_layout *layout);

/* Add to `hasher` what decides which libraries are found: when it changes, they have to
 * be looked for again. */
void libraries_hash(struct hasher *hasher, struct arena *arena);

#endif
