#ifndef NVCACHE_CACHE_TWINS_PRIV_H
#define NVCACHE_CACHE_TWINS_PRIV_H

struct closure;
struct session;
struct strlist;

/* Headers that were read and are in no list.  gcc passes some over: with #pragma once it
 * takes two files of equal size, time and contents for one, and names only the first in
 * the dependency list.  nvcc leaves out a name that begins with "<".
 *
 * Append to `out` those of closure->found that are so and are not among the closure's
 * files. */
void twins_find(const struct session *session, const struct closure *closure,
                struct strlist *out);

#endif
