#ifndef NVCACHE_CACHE_HEADERS_PRIV_H
#define NVCACHE_CACHE_HEADERS_PRIV_H

#include "nvcache/digest/digest.h"
#include "nvcache/entry/manifest.h"

struct arena;
struct roots;
struct strlist;

/* Where headers were looked for in vain.  For every name that the inputs mention, and
 * every directory that is searched for it, up to and including the one that has it: does
 * it exist there?  The digest of the answers changes when a header appears earlier on the
 * path, when the one in use goes away, or when what __has_include asks for comes or goes.
 *
 * `watched` (may be NULL) receives the directories that were read, sorted, each once: as
 * long as none of them changes (a new name changes its directory's modification time),
 * neither does the digest.  Directories that do not exist are in it too. */

/* Along the search path. */
void headers_in_chain(struct arena *arena, const struct roots *roots,
                      const struct search_record *record, struct digest *out,
                      struct strlist *watched);

/* In the directory of the files that give the names in quotes. */
void headers_in_quotes(struct arena *arena, const struct roots *roots,
                       const struct search_quotes *quotes, struct digest *out,
                       struct strlist *watched);

#endif
