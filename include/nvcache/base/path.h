#ifndef NVCACHE_BASE_PATH_H
#define NVCACHE_BASE_PATH_H

#include <stdbool.h>

struct arena;

/* Paths as text.  Nothing here touches the file system, so `..` is never resolved: with
 * symbolic links that would name another file. */

bool path_is_absolute(const char *path);

/* The part behind the last slash ("" for "a/"). Points into `path`. */
const char *path_base(const char *path);

/* The part before the last slash: "." if there is none, "/" for "/a". */
char *path_dir(struct arena *arena, const char *path);

/* `dir`/`name`; `name` alone when it is absolute or `dir` is "" or NULL. */
char *path_join(struct arena *arena, const char *dir, const char *name);

/* The extension with its dot (".cu"), or "" . Points into `path`. */
const char *path_ext(const char *path);

/* Repeated slashes, "." components and a trailing slash removed; "" becomes ".". */
char *path_clean(struct arena *arena, const char *path);

/* When `path` is `dir` or lies below it: the rest without a leading slash ("" for dir
 * itself), pointing into `path`.  Otherwise NULL.  Both are compared as text; give
 * cleaned paths. */
const char *path_below(const char *dir, const char *path);

#endif
