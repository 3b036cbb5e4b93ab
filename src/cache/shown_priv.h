#ifndef NVCACHE_CACHE_SHOWN_PRIV_H
#define NVCACHE_CACHE_SHOWN_PRIV_H

struct buf;
struct closure;
struct mentions;
struct roots;
struct session;

/* Which roots' paths can be seen in a result (mentions.h). */

/* NULL when nothing has to be read for it: debug information shows every path, and what
 * files below no root or a free one show does not matter. */
struct mentions *shown_start(const struct session *session,
                             const struct closure *closure);

/* The text of one of the files; nothing when `shown` is NULL. */
void shown_read(struct mentions *shown, const struct roots *roots, const char *path,
                const struct buf *text);

/* Sets closure->shows. */
void shown_finish(const struct session *session, struct mentions *shown,
                  struct closure *closure);

#endif
