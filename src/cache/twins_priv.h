#ifndef NVCACHE_CACHE_TWINS_PRIV_H
#define NVCACHE_CACHE_TWINS_PRIV_H

struct closure;
struct session;
struct strlist;

/* Headers that gcc found and passed over: with #pragma once it takes two files of equal
 * size, time and contents for one, and names only the first in the dependency list.
 *
 * Append to `out` those of closure->found that are equal so to one of the closure's files
 * and are not among them. */
void twins_find(const struct session *session, const struct closure *closure,
                struct strlist *out);

#endif
