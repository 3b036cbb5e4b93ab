#ifndef NVCACHE_NVCC_MASQUERADE_PRIV_H
#define NVCACHE_NVCC_MASQUERADE_PRIV_H

#include "nvcache/base/status.h"

struct arena;

/* ccache under a compiler's name: a link called gcc, say, that leads to it.  It runs the
 * next program of that name in PATH that is not ccache.
 *
 * *out: that one, or NULL when `program` is a compiler for all that its name and links
 * say.  BYPASS_WRAPPER when something else decides what is run: a setting of ccache's, or
 * another cache or distributor of compiles.  BYPASS_TOOLCHAIN: there is none. */
NVC_NODISCARD enum nvc_status masquerade_resolve(struct arena *arena, const char *program,
                                                 const char **out);

#endif
