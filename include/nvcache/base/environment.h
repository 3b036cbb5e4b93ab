#ifndef NVCACHE_BASE_ENVIRONMENT_H
#define NVCACHE_BASE_ENVIRONMENT_H

struct arena;

/* Our environment with changes: each of the `n` words is "NAME=value" to set or "NAME" to
 * take out.  The strings are shared with `environ`; the array lives in the arena. */
char **environment_with(struct arena *arena, const char *const *changes, unsigned n);

#endif
