#ifndef NVCACHE_BASE_REALPATHS_H
#define NVCACHE_BASE_REALPATHS_H

struct arena;

/* The real paths of many files that lie near each other.  What their paths have in common
 * is looked at once, so this is for one moment: a link that is set anew afterwards is not
 * noticed. */
struct realpaths;

/* Everything is taken from `arena`, which stays the caller's. */
struct realpaths *realpaths_new(struct arena *arena);

/* As fs_realpath: NULL if there is none (errno set). */
const char *realpaths_get(struct realpaths *known, const char *path);

#endif
