#ifndef NVCACHE_CACHE_UNLISTED_PRIV_H
#define NVCACHE_CACHE_UNLISTED_PRIV_H

#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* Headers that a compile reads and nvcc's dependency list leaves out: those of the host
 * compiler's last pass, over the code that cudafe++ made.  Searched like all others, so a
 * directory of the user's may hold them. */
extern const char *const unlisted_names[];
extern const size_t unlisted_names_n;

/* What that pass may read. */
struct last_pass {
    struct strlist files;   /* what of it has to be among the inputs */
    struct digest contents; /* of all */
    bool is_known; /* false: a file of the user's includes another by a name that macros
                      make */
};

/* Append to `paths` the files that these names can mean, and what of the user's they lead
 * to; some may be there already.  False: that is not known. */
bool unlisted_headers(const struct session *session, struct strlist *paths);

/* Look for them once for several askers, from now on. */
void unlisted_look(struct session *session);

/* After unlisted_look: hash the contents of the files that these names can mean, and of
 * all that they mention, for results that are found by preprocessed text, which the last
 * pass is no part of.  False as above. */
bool unlisted_hash(const struct session *session, struct hasher *hasher);

#endif
