#ifndef NVCACHE_CACHE_VIGIL_PRIV_H
#define NVCACHE_CACHE_VIGIL_PRIV_H

#include <stdbool.h>

struct nameset;
struct search;
struct session;

/* Names that come and go while the compiler runs.
 *
 * A header that appears in a searched directory and is gone before the compile ends
 * leaves no trace but the directory's time, which every output changes too; if only
 * __has_include asked for it, no list names it either.  So the directories of the search
 * path, and those above them, are watched with inotify from before the compiler starts.
 */
struct vigil;

/* Begin; session->vigil is NULL where inotify cannot be had (too many users of it). */
void vigil_begin(struct session *session);

/* Has it been seen if this name came or went in this directory since then?  NULL: any
 * name. */
bool vigil_covers(const struct vigil *vigil, const char *dir, const char *name);

/* A name of the search that came or went in a watched directory, or a part of such a
 * directory's own name; "too many changes" when some were lost.  NULL: none.  Tells of
 * what has happened up to now, and nobody watches from then on. */
const char *vigil_find(struct vigil *vigil, const struct nameset *names,
                       const struct search *search);

void vigil_end(struct session *session);

#endif
