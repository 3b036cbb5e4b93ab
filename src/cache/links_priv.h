#ifndef NVCACHE_CACHE_LINKS_PRIV_H
#define NVCACHE_CACHE_LINKS_PRIV_H

#include "nvcache/entry/place.h"

struct closure;
struct session;

/* gcc names a header of a system directory by its real path when that is shorter, and so
 * the list of inputs does not say through which symbolic links it was reached. */

/* `from` leads to `real`; both are directories, or both headers. */
typedef void links_visitor(const struct place *from, const char *real, void *arg);

/* Every link through which the inputs may have been reached: those of the directories of
 * the search path, and those below them. */
void links_find(struct session *session, const struct closure *closure,
                links_visitor *visit, void *arg);

#endif
