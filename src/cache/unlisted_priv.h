#ifndef NVCACHE_CACHE_UNLISTED_PRIV_H
#define NVCACHE_CACHE_UNLISTED_PRIV_H

#include "names_priv.h"

#include <stddef.h>

struct hasher;
struct session;
struct strlist;

/* Headers that a compile reads and nvcc's dependency list leaves out: those of the host
 * compiler's last pass, over the code that cudafe++ made.  Searched like all others, so a
 * directory of the user's may hold them. */
extern const char *const unlisted_names[];
extern const size_t unlisted_names_n;

/* Append to `paths` the files that these names mean now, and what those include that is
 * not in `paths` yet. */
void unlisted_headers(const struct session *session, const struct search *search,
                      struct strlist *paths);

/* Hash the contents of the files that these names mean now, and of what those of them
 * that are not the toolkit's include: for results that are found by preprocessed text,
 * which the last pass is no part of. */
void unlisted_hash(const struct session *session, struct hasher *hasher);

#endif
