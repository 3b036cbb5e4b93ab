#ifndef NVCACHE_NVCC_ANSWER_PRIV_H
#define NVCACHE_NVCC_ANSWER_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

struct arena;

/* What a program of the toolchain says about itself: the lines of its standard error, or
 * of its standard output if it said nothing there. */
struct answer {
    struct arena *arena;
    struct strlist lines;
};

/* Run it, in the C language and without the flags of the command at hand.  `search` is
 * where it finds shared libraries (LD_LIBRARY_PATH), NULL: where we do.  BYPASS_TOOLCHAIN
 * when it cannot be run, ends badly or says more than a megabyte. */
NVC_NODISCARD enum nvc_status answer_ask(struct arena *arena, const struct strlist *argv,
                                         const char *search, struct answer *out);

/* The value of a `#$ NAME=value` line of nvcc's, NULL: there is none.  The last one
 * counts (nvcc prints some twice). */
const char *answer_variable(const struct answer *answer, const char *name);

#endif
