#ifndef NVCACHE_CACHE_HEADERS_PRIV_H
#define NVCACHE_CACHE_HEADERS_PRIV_H

#include "names_priv.h"
#include "nvcache/digest/digest.h"

struct arena;
struct listings;
struct roots;
struct strlist;

/* Where headers were looked for in vain.  For every name that the inputs mention, and
 * every directory that is searched for it, up to and including the one that has it: does
 * it exist there?  The digest of the answers changes when a header appears earlier on the
 * path, when the one in use goes away, or when what __has_include asks for comes or goes.
 * Directories are told apart by their places: it is the same where all roots are
 * elsewhere.
 *
 * `watched` receives the directories that were read and the links that were followed,
 * sorted, each once, and all of the search path: as long as none of them changes (a new
 * name changes its directory's modification time), neither does the digest.  Directories
 * that do not exist are in it too.  `found` receives the headers that are there, some of
 * them several times. */
void headers_search(struct arena *arena, const struct roots *roots,
                    struct listings *listings, const struct search *search,
                    struct digest *out, struct strlist *watched, struct strlist *found);

#endif
