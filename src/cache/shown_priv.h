#ifndef NVCACHE_CACHE_SHOWN_PRIV_H
#define NVCACHE_CACHE_SHOWN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

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

/* A line of which an #include's name can be made: marks the roots whose paths it spells.
 */
void shown_spell(const struct roots *roots, const char *line, size_t len, bool *spelled);

/* After shown_finish: closure->has_messages, and marks the roots whose paths `text`, a
 * compiler's messages, has where no compiler names a file.  What a source says of a
 * directory must not be moved.
 */
void shown_messages(const struct roots *roots, const struct buf *text,
                    struct closure *closure);

/* Sets closure->shows. */
void shown_finish(const struct session *session, struct mentions *shown,
                  struct closure *closure);

#endif
