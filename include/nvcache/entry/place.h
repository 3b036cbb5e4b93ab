#ifndef NVCACHE_ENTRY_PLACE_H
#define NVCACHE_ENTRY_PLACE_H

#include <stdint.h>

/* A path as it is written into records: a root, and the rest below it.  Roots are
 * directories that may be elsewhere in the next build (roots.h in the cache room says
 * which directory a root is *now*); a path under none of them is kept as it is. */

enum root_kind {
    ROOT_NONE,      /* the path itself, absolute or relative to the working directory */
    ROOT_CWD,       /* the working directory, for paths that name it */
    ROOT_TOOLKIT,   /* where nvcc says CUDA is (TOP) */
    ROOT_INCLUDE,   /* the index-th absolute include directory of the command */
    ROOT_BASE,      /* the index-th base directory the command mentions */
    ROOT_EPHEMERAL, /* the index-th temporary build directory the command mentions */
    ROOT_SOURCE,    /* the directory of a source with an absolute path; in ties only */
    ROOT_REAL = 8,  /* with one of the others: where it is when links are followed */
    ROOT_KINDS = 16
};

struct place {
    uint8_t kind; /* enum root_kind */
    uint8_t index;
    const char
        *rest; /* without a leading slash unless kind is ROOT_NONE; "" is the root */
};

/* Longest path believed in a record. */
#define PLACE_MAX 4096

#endif
