#ifndef NVCACHE_CACHE_ASKED_PRIV_H
#define NVCACHE_CACHE_ASKED_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct closure;
struct strlist;

/* Where a file can ask whether a header is there (__has_include): a header that is there
 * for a time only is in no list then, whoever included it would be. */

/* Adds to `dirs` the directories of all names in a logical line that asks, or defines a
 * macro.  Too many do no harm. */
void asked_read_line(struct arena *arena, const char *line, size_t len,
                     struct strlist *dirs);

/* `dir` is a searched directory or one below it. */
bool asked_can_be_in(const struct closure *closure, const char *dir);

#endif
