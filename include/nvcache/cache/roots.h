#ifndef NVCACHE_CACHE_ROOTS_H
#define NVCACHE_CACHE_ROOTS_H

#include "nvcache/base/strlist.h"
#include "nvcache/entry/place.h"
#include "nvcache/entry/template.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct config;
struct nvcc_command;

/* The directories of one command that may be elsewhere in the next build.  Recorded paths
 * are written relative to them (place.h) and resolved through the *current* command's, so
 * that the files looked at are always the current ones; contents decide. */

#define ROOTS_MAX 128 /* and as many ROOT_REAL */

struct root {
    unsigned kind; /* enum root_kind */
    unsigned index;
    const char *path; /* absolute, as text: no symbolic link is resolved */
    size_t len;
    bool is_free; /* its path may show in a result: a temporary directory's name says
                     nothing.  Set by roots_add_real. */
};

struct roots {
    struct arena *arena;
    const struct config *config;
    const char *cwd;
    const char *source;   /* the source when links are followed; as it is written, if that
                             cannot be told */
    struct strlist bases; /* the base directories, as they are given and by real names */
    struct root *v;
    size_t n;
    bool has_real;
    /* The same, for templates. */
    struct template_root *template_roots;
};

/* `toolkit` is nvcc's TOP. */
void roots_init(struct arena *arena, const struct config *config, const char *cwd,
                const char *toolkit, const struct nvcc_command *command,
                struct roots *out);

/* Add where each root is when links are followed (ROOT_REAL): gcc names headers of system
 * directories so when that is shorter.  It asks the file system, so only a miss and the
 * hits that need it do.  Once is enough. */
void roots_add_real(struct roots *roots);

/* May a result show this path without being bound to it?  Below no root it is in the
 * record as it is.  After roots_add_real. */
bool roots_may_show(const struct roots *roots, const char *path);

/* May a result show this root's path without being bound to it? */
bool roots_is_free(const struct roots *roots, const struct root *root);

/* Does the command key see to it that this root is free, as nothing but a temporary
 * directory can be in its place? */
bool roots_is_free_by_key(const struct roots *roots, const struct root *root);

/* The longest root that a path, as a command or a compiler wrote it, lies under; the
 * first of equals; NULL. */
const struct root *roots_match(const struct roots *roots, const char *path);

/* The same as a place.  rest points into `path`. */
struct place roots_place(const struct roots *roots, const char *path);

/* The path now, in the arena; NULL when the place's root does not exist here. */
const char *roots_path(const struct roots *roots, struct arena *arena,
                       const struct place *place);

const struct root *roots_find(const struct roots *roots, unsigned kind, unsigned index);

/* How a path goes into the command key: directories that may differ are replaced by their
 * kind and index.  Temporary and base directories, the toolkit, and absolute include
 * directories (by position) only: anything else is itself. */
const char *roots_key_text(const struct roots *roots, struct arena *arena,
                           const char *path);

/* The same as a place, which gives the path as it is written again: where the key of
 * another command is equal, that command writes it so. */
struct place roots_written(const struct roots *roots, const char *path);

/* The same for a source or an output: made absolute first, and include directories do not
 * count, because two files of one program must never become the same. */
const char *roots_identity_text(const struct roots *roots, struct arena *arena,
                                const char *path);

/* The longest part of an absolute path that is a temporary build directory, by the
 * built-in patterns and `patterns` (NULL-terminated globs, may be NULL): its length, or
 * 0. */
size_t roots_ephemeral_len(struct arena *arena, const char *path, char *const *patterns);

#endif
