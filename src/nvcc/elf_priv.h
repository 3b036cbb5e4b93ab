#ifndef NVCACHE_NVCC_ELF_PRIV_H
#define NVCACHE_NVCC_ELF_PRIV_H

#include "nvcache/base/status.h"

struct arena;

/* What an ELF file (64 bits, as all of CUDA's are) says of its loading.  Nothing in it is
 * believed: every place is looked for in the file and in limits. */

/* The loader that a program names, in the arena.  NULL for a static one, for a library,
 * and for what is no ELF file.  BYPASS_TOOLCHAIN: a program that is not understood. */
NVC_NODISCARD enum nvc_status elf_loader(struct arena *arena, const char *path,
                                         const char **out);

/* Its DT_RUNPATH, else its DT_RPATH, as it is written (`$ORIGIN/../lib:...`); NULL: none,
 * or not understood. */
const char *elf_run_path(struct arena *arena, const char *path);

#endif
