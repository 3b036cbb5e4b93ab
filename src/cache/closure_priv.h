#ifndef NVCACHE_CACHE_CLOSURE_PRIV_H
#define NVCACHE_CACHE_CLOSURE_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"
#include "names_priv.h"

#include <stddef.h>

struct listings;
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
    unsigned flags;       /* enum scan_flag of all files together */
    bool asks;            /* a file of the user's asks whether headers are there */
    bool says_system;     /* one of them may make what it includes a system header */
    struct strlist asked; /* directories in names that are asked for (asked_priv.h) */
    bool *spelled;        /* per root of the session: its path can begin in a macro */
    bool has_messages;    /* of the compiler: shown_messages */
    bool *shows; /* per root of the session: its path can be seen in the result */
    struct digest
        searched; /* which header is found where, and what is watched for that */
    struct listings *listings; /* of the directories it read */
    struct search search;
    struct strlist watched; /* directories read and links followed in that search */
    struct strlist found;   /* headers that are there */
    struct nameset names;   /* the parts of all names it looked for */
};

/* Is this path one of the files? */
bool closure_has(const struct closure *closure, const char *path);

/* Build it from the paths of the compiler's dependency list, after the compile (or of a
 * manifest, to search again).  A
 * NOSTORE_ status with session->culprit when the result must not be recorded: a file
 * moved since the session began, or its text depends on what is not in the key. */
NVC_NODISCARD enum nvc_status closure_build(struct session *session,
                                            struct listings *listings, char *const *paths,
                                            size_t n, struct closure *out);

#endif
