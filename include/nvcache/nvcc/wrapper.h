#ifndef NVCACHE_NVCC_WRAPPER_H
#define NVCACHE_NVCC_WRAPPER_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

#include <stdbool.h>

struct arena;

/* What is behind ccache under the compiler's name (a link called gcc: the next gcc in
 * PATH), and behind a wrapper script that does nothing but run one program:
 *
 *     exec /path/nvcc "$@"                   as distributions install it
 *     exec /path/gcc -B/dir -isystem /dir "$@"   a compiler moved to another prefix
 *
 * BYPASS_WRAPPER for any other script, and for caches that are set up to run something
 * else: what they do to a command cannot be known. */
struct wrapper {
    const char
        *binary; /* what runs in the end; the program itself when it is no script */
    struct strlist
        scripts; /* or ccache, on the way to it, one may run another; outermost first */
    bool has_words; /* one adds words of its own, the same for every command */
};

/* Only small files are read. */
NVC_NODISCARD enum nvc_status wrapper_resolve(struct arena *arena, const char *program,
                                              struct wrapper *out);

/* Understand the text of such a script: the program it runs, and whether it adds words.
 * NULL if it is not one. */
const char *wrapper_target(struct arena *arena, const char *text, bool *out_has_words);

#endif
