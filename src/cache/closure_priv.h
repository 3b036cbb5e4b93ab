#ifndef NVCACHE_CACHE_CLOSURE_PRIV_H
#define NVCACHE_CACHE_CLOSURE_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"
#include "nvcache/entry/manifest.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* The closure: every file a finished compile read, with its contents' digest, and every
 * place where a header was looked for. */

struct closure_file {
    const char *path; /* as the compiler wrote it */
    struct stamp stamp;
    struct digest digest;
};

struct closure {
    struct closure_file *files;
    size_t n;
    unsigned flags; /* enum scan_flag of all files together */
    struct search_record search;
    bool *shows; /* per root of the session: its path can be seen in the result */
    struct strlist *watched; /* 1 + search.n_quotes lists: directories read for the chain,
                                and for each of the quotes */
};

/* Is this path one of the files? */
bool closure_has(const struct closure *closure, const char *path);

/* Build it from the paths of the compiler's dependency list, after the compile.  A
 * NOSTORE_ status with session->culprit when the result must not be recorded: a file
 * moved since the session began, or its text depends on what is not in the key. */
NVC_NODISCARD enum nvc_status closure_build(struct session *session, char *const *paths,
                                            size_t n, struct closure *out);

#endif
