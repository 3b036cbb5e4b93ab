/* Roots: which directories of a command may be elsewhere in the next build. */

#include "nvcache/cache/roots.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/nvcc/command.h"

#include <fnmatch.h>
#include <string.h>

#define ANY8  "[0-9a-z_][0-9a-z_][0-9a-z_][0-9a-z_][0-9a-z_][0-9a-z_][0-9a-z_][0-9a-z_]"
#define HEX8  "[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
#define HEX32 HEX8 HEX8 HEX8 HEX8

enum {
    PARTS_MAX = 7
};

/* Directories that installers make anew for each build, by the last parts of their paths.
 * pip: build isolation, sources (from an index: with a number of their own), wheels;
 * setuptools: editable build directories (tempfile's "tmp" and 8 characters); pypa/build:
 * sdist and environment; meson-python; uv: builds and sources, of which a fresh cache and
 * --no-cache have others.  Each was seen with the tool itself (pip 26.3, uv 0.13), but
 * for PDM's, which are in its source (2.29). */
static const struct {
    unsigned parts;
    const char *pattern; /* begins with itself */
} built_in[] = {
    {1, "pip-build-env-*"},
    {1, "pip-req-build-*"},
    {1, "pip-install-*"},
    {2, "pip-install-*/*_" HEX32},
    {1, "pip-wheel-*"},
    {2, "pip-wheel-*/*_" HEX32},
    {1, "pip-ephem-wheel-cache-*"},
    {1, "pip-modern-metadata-*"},
    {1, "build-via-sdist-*"},
    {1, "build-env-*"},
    {1, ".mesonpy-" ANY8},
    {1, "pdm-build-*"},
    {2, "builds-v[0-9]*/.tmp*"},
    {2, "sdists-v[0-9]*/.tmp*"},
    {5, "sdists-v[0-9]*/path/*/*/src"},
    {5, "sdists-v[0-9]*/url/*/*/src"},
    {6, "sdists-v[0-9]*/pypi/*/*/*/src"},
    {7, "sdists-v[0-9]*/index/*/*/*/*/src"},
    {4, "git-v[0-9]*/checkouts/*/*"},
    {1, "tmp" ANY8},
    {1, "tmp" ANY8 ".build-temp"},
    {1, "tmp" ANY8 ".build-lib"},
};

/* starts[k] is where the last k + 1 parts of the path begin, NULL if it has fewer. */
static bool
ends_like_built_in(const char *const *starts)
{
    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
        const char *end = starts[built_in[i].parts - 1];

        if (end != NULL && end[0] == built_in[i].pattern[0] &&
            fnmatch(built_in[i].pattern, end, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

static bool
matches_any(const char *path, char *const *patterns)
{
    for (; patterns != NULL && *patterns != NULL; patterns++)
        if (fnmatch(*patterns, path, FNM_PATHNAME) == 0)
            return true;
    return false;
}

size_t
roots_ephemeral_len(struct arena *arena, const char *path, char *const *patterns)
{
    const char *starts[PARTS_MAX] = {NULL};
    char *prefix;
    size_t longest = 0;

    if (!path_is_absolute(path))
        return 0;
    prefix = arena_strdup(arena, path);
    for (size_t len = 0; path[len] != '\0';) {
        memmove(starts + 1, starts, sizeof(starts) - sizeof(starts[0]));
        starts[0] = prefix + len + 1;
        len += 1 + strcspn(path + len + 1, "/");
        prefix[len] = '\0';
        if (ends_like_built_in(starts) || matches_any(prefix, patterns))
            longest = len;
        prefix[len] = path[len];
    }
    return longest;
}

static bool
has_path(const struct roots *roots, enum root_kind kind, const char *path)
{
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i].kind == (unsigned)kind && str_equal(roots->v[i].path, path))
            return true;
    return false;
}

static void
add(struct roots *roots, unsigned kind, unsigned index, const char *path)
{
    struct root *root = &roots->v[roots->n];

    if (roots->n == (kind & ROOT_REAL ? 2 * ROOTS_MAX : ROOTS_MAX) || index > 255 ||
        str_equal(path, "/"))
        return;
    *root =
        (struct root){.kind = kind, .index = index, .path = path, .len = strlen(path)};
    roots->template_roots[roots->n++] = (struct template_root){
        .kind = (unsigned char)kind, .index = (unsigned char)index, .path = path};
}

static char *
absolute(const struct roots *roots, const char *path)
{
    return path_clean(roots->arena, path_join(roots->arena, roots->cwd, path));
}

/* Compilers find the working directory without its links, so what is named through one is
 * meant by its real name, too: as far as nothing in it is a pattern. */
static void
add_base_pattern(struct roots *roots, char *pattern)
{
    struct arena *arena = roots->arena;
    size_t len = strcspn(pattern, "*?[\\");
    char *real;

    strlist_add(&roots->bases, pattern);
    while (pattern[len] != '\0' && len > 0 && pattern[len] != '/')
        len--;
    real = fs_realpath(arena, arena_strndup(arena, pattern, len));
    if (real != NULL && (strlen(real) != len || strncmp(real, pattern, len) != 0))
        strlist_add(&roots->bases, arena_printf(arena, "%s%s", real, pattern + len));
}

/* The longest part of an absolute path that one of the base directories matches. */
static size_t
base_len(const struct roots *roots, const char *path)
{
    size_t best = 0;

    for (size_t i = 0; i < roots->bases.n; i++) {
        const char *pattern = roots->bases.v[i];
        size_t len = 0;

        for (const char *p = pattern; *p != '\0'; p++)
            if (*p == '/')
                len += 1 + strcspn(path + len + 1, "/");
        if (len > best && len <= strlen(path) &&
            fnmatch(pattern, arena_strndup(roots->arena, path, len), FNM_PATHNAME) == 0)
            best = len;
    }
    return best;
}

/* The first `len` bytes of `path`.  Directories of one kind are numbered in the order in
 * which the command mentions them. */
static void
add_prefix(struct roots *roots, enum root_kind kind, const char *path, size_t len)
{
    const char *dir = arena_strndup(roots->arena, path, len);
    unsigned index = 0;

    if (len == 0 || has_path(roots, kind, dir))
        return;
    for (size_t i = 0; i < roots->n; i++)
        index += roots->v[i].kind == (unsigned)kind;
    add(roots, kind, index, dir);
}

static void
add_mentioned(struct roots *roots, const char *path)
{
    const char *whole = absolute(roots, path);

    add_prefix(roots, ROOT_EPHEMERAL, whole,
               roots_ephemeral_len(roots->arena, whole, roots->config->ephemeral.v));
    add_prefix(roots, ROOT_BASE, whole, base_len(roots, whole));
}

static void
add_includes(struct roots *roots, const struct search_dir *dirs, size_t n)
{
    unsigned index = 0;

    for (size_t i = 0; i < n; i++)
        if (path_is_absolute(dirs[i].path))
            add(roots, ROOT_INCLUDE, index++, path_clean(roots->arena, dirs[i].path));
}

static void
add_source(struct roots *roots, const char *source)
{
    if (path_is_absolute(source))
        add(roots, ROOT_SOURCE, 0,
            path_dir(roots->arena, path_clean(roots->arena, source)));
}

static const char *
real_source(struct arena *arena, const char *source)
{
    const char *real = fs_realpath(arena, source);

    return real != NULL ? real : source;
}

void
roots_init(struct arena *arena, const struct config *config, const char *cwd,
           const char *toolkit, const struct nvcc_command *command, struct roots *out)
{
    struct search_dir *dirs;
    const size_t n = command_search_dirs(arena, command, &dirs);

    *out = (struct roots){.arena = arena,
                          .config = config,
                          .cwd = cwd,
                          .source = real_source(arena, command->source)};
    out->v = arena_array(arena, (size_t)2 * ROOTS_MAX, sizeof(*out->v));
    out->template_roots =
        arena_array(arena, (size_t)2 * ROOTS_MAX, sizeof(*out->template_roots));
    strlist_init(&out->bases, arena);
    for (size_t i = 0; i < config->base_dirs.n; i++)
        add_base_pattern(out, config->base_dirs.v[i]);
    add_mentioned(out, cwd);
    add_mentioned(out, command->source);
    add_mentioned(out, out->source);
    add_mentioned(out, command->output);
    for (size_t i = 0; i < n; i++)
        add_mentioned(out, dirs[i].path);
    add_mentioned(out, toolkit);
    add(out, ROOT_TOOLKIT, 0, toolkit);
    add_includes(out, dirs, n);
    add(out, ROOT_CWD, 0, cwd);
    add_source(out, command->source);
}

/* The toolkit's own headers: a conda environment has a whole system below nvcc's TOP. */
static bool
is_in_toolkit(const char *toolkit, const char *path)
{
    static const char *const parts[] = {"include", "targets", "nvvm", "cccl"};
    const char *rest = toolkit == NULL ? NULL : path_below(toolkit, path);

    for (size_t i = 0; rest != NULL && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (path_below(parts[i], rest) != NULL)
            return true;
    return false;
}

/* Where a root is when links are followed; as it is written, if that cannot be told. */
static const char *
real_path(const struct roots *roots, const struct root *root)
{
    const struct root *known = roots_find(roots, root->kind | ROOT_REAL, root->index);
    const char *real =
        known != NULL ? known->path : fs_realpath(roots->arena, root->path);

    return real != NULL ? real : root->path;
}

bool
roots_is_free(const struct roots *roots, const struct root *root)
{
    const struct root *toolkit = roots_find(roots, ROOT_TOOLKIT, 0);

    if (roots->config->strict_paths)
        return false;
    if (roots_ephemeral_len(roots->arena, root->path, roots->config->ephemeral.v) > 0)
        return true;
    return toolkit != NULL &&
           is_in_toolkit(real_path(roots, toolkit), real_path(roots, root));
}

bool
roots_may_show(const struct roots *roots, const char *path)
{
    const struct root *root = roots_match(roots, path);

    return root == NULL || root->is_free ||
           ((root->kind & ~(unsigned)ROOT_REAL) == ROOT_TOOLKIT &&
            !roots->config->strict_paths && is_in_toolkit(root->path, path));
}

void
roots_add_real(struct roots *roots)
{
    const size_t n = roots->n;

    for (size_t i = 0; i < n && !roots->has_real; i++) {
        const struct root *root = &roots->v[i];
        const char *real = fs_realpath(roots->arena, root->path);

        if (root->kind == ROOT_SOURCE)
            continue;
        add(roots, root->kind | ROOT_REAL, root->index, real != NULL ? real : root->path);
    }
    for (size_t i = 0; i < roots->n && !roots->has_real; i++)
        roots->v[i].is_free = roots_is_free(roots, &roots->v[i]);
    roots->has_real = true;
}

/* The longest root among the kinds in `kinds` (a set of 1 << kind). */
static const struct root *
match(const struct roots *roots, const char *path, unsigned kinds)
{
    const struct root *best = NULL;

    for (size_t i = 0; i < roots->n; i++) {
        const struct root *root = &roots->v[i];

        if ((kinds & (1U << root->kind)) == 0 || (best != NULL && root->len <= best->len))
            continue;
        if (path_below(root->path, path) != NULL)
            best = root;
    }
    return best;
}

const struct root *
roots_match(const struct roots *roots, const char *path)
{
    return match(roots, path, ~(1U << ROOT_SOURCE));
}

struct place
roots_place(const struct roots *roots, const char *path)
{
    const struct root *root = roots_match(roots, path);

    if (root == NULL)
        return (struct place){.kind = ROOT_NONE, .rest = path};
    return (struct place){.kind = (uint8_t)root->kind,
                          .index = (uint8_t)root->index,
                          .rest = path_below(root->path, path)};
}

const struct root *
roots_find(const struct roots *roots, unsigned kind, unsigned index)
{
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i].kind == kind && roots->v[i].index == index)
            return &roots->v[i];
    return NULL;
}

const char *
roots_path(const struct roots *roots, struct arena *arena, const struct place *place)
{
    const struct root *root;

    if (place->kind == ROOT_NONE)
        return place->rest;
    root = roots_find(roots, place->kind, place->index);
    if (root == NULL)
        return NULL;
    if (place->rest[0] == '/') /* behind another slash */
        return arena_printf(arena, "%s/%s", root->path, place->rest);
    return place->rest[0] == '\0' ? root->path
                                  : path_join(arena, root->path, place->rest);
}

static const char *
text_for(const struct roots *roots, struct arena *arena, const char *path, unsigned kinds)
{
    const struct root *root = match(roots, path, kinds);

    if (root == NULL)
        return path;
    return arena_printf(arena, "%%%u.%u/%s", (unsigned)root->kind, root->index,
                        path_below(root->path, path));
}

static const struct root *
include_at(const struct roots *roots, const char *path)
{
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i].kind == ROOT_INCLUDE && str_equal(roots->v[i].path, path))
            return &roots->v[i];
    return NULL;
}

/* The kinds whose directories the key replaces wherever they stand. */
static const unsigned movable =
    1U << ROOT_EPHEMERAL | 1U << ROOT_BASE | 1U << ROOT_TOOLKIT;

bool
roots_is_free_by_key(const struct roots *roots, const struct root *root)
{
    const struct root *in_key = match(roots, root->path, movable);

    return (root->kind == ROOT_EPHEMERAL || root->kind == ROOT_INCLUDE) &&
           in_key != NULL && in_key->kind == ROOT_EPHEMERAL;
}

/* The root whose path the key replaces in an absolute path, as that is written.  Repeated
 * slashes and "." components show in messages and __FILE__: the part below the root is
 * kept as it is written, and a path whose root is written so is itself. */
static const struct root *
root_in_key(const struct roots *roots, struct arena *arena, const char *path)
{
    const char *clean = path_clean(arena, path);
    const struct root *root = match(roots, clean, movable);

    if (root == NULL)
        root = include_at(roots, clean);
    return root != NULL && strncmp(path, root->path, root->len) == 0 ? root : NULL;
}

/* A name with a per cent sign in front must not look like a root. */
const char *
roots_key_text(const struct roots *roots, struct arena *arena, const char *path)
{
    const struct root *root;

    if (!path_is_absolute(path))
        return path[0] == '%' ? arena_printf(arena, "%%%s", path) : path;
    root = root_in_key(roots, arena, path);
    return root == NULL ? path
                        : arena_printf(arena, "%%%u.%u%s", root->kind, root->index,
                                       path + root->len);
}

struct place
roots_written(const struct roots *roots, const char *path)
{
    const struct root *root =
        path_is_absolute(path) ? root_in_key(roots, roots->arena, path) : NULL;

    if (root == NULL)
        return (struct place){.kind = ROOT_NONE, .rest = path};
    path += root->len;
    return (struct place){.kind = (uint8_t)root->kind,
                          .index = (uint8_t)root->index,
                          .rest = path + (path[0] == '/')};
}

const char *
roots_identity_text(const struct roots *roots, struct arena *arena, const char *path)
{
    return text_for(roots, arena, path_clean(arena, path_join(arena, roots->cwd, path)),
                    1U << ROOT_EPHEMERAL | 1U << ROOT_BASE);
}
