/* Real paths, one part of a path after the other, with a memory.  Must never answer
 * otherwise than realpath(3): what it need not be good at is left to that. */

#include "nvcache/base/realpaths.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LINKS_MAX = 40 /* of one path, as in Linux */
};

struct known_path {
    struct known_path *next;
    const char *text;
    size_t len;
    const char *real;
};

struct realpaths {
    struct arena *arena;
    struct known_path *paths;
};

static const char *resolve(struct realpaths *known, const char *path, size_t len,
                           unsigned *links);

struct realpaths *
realpaths_new(struct arena *arena)
{
    struct realpaths *out = arena_alloc(arena, sizeof(*out));

    out->arena = arena;
    return out;
}

static const struct known_path *
find(const struct realpaths *known, const char *path, size_t len)
{
    const struct known_path *at = known->paths;

    while (at != NULL && (at->len != len || memcmp(at->text, path, len) != 0))
        at = at->next;
    return at;
}

static void
remember(struct realpaths *known, const char *path, size_t len, const char *real)
{
    struct known_path *entry = arena_alloc(known->arena, sizeof(*entry));

    entry->next = known->paths;
    entry->text = arena_strndup(known->arena, path, len);
    entry->len = len;
    entry->real = real;
    known->paths = entry;
}

static const char *
parent_of(const struct realpaths *known, const char *real)
{
    struct stat info;

    if (stat(real, &info) != 0)
        return NULL;
    if (!S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    return path_dir(known->arena, real);
}

/* Dots that mean nothing, and slashes behind a name, say that it is a directory. */
static bool
has_dots(const char *path)
{
    const size_t len = strlen(path);

    return len == 0 || path[len - 1] == '/' || strncmp(path, "./", 2) == 0 ||
           strstr(path, "/./") != NULL || str_equal(path_base(path), ".");
}

/* What is called so in a directory that is no link. */
static const char *
look_up(struct realpaths *known, const char *dir, const char *name, unsigned *links)
{
    const char *path = path_join(known->arena, dir, name);
    const char *target = fs_read_link(known->arena, path);

    if (target == NULL)
        return errno == EINVAL ? path : NULL;
    if (has_dots(target))
        return fs_realpath(known->arena, path);
    if (++*links > LINKS_MAX) {
        errno = ELOOP;
        return NULL;
    }
    target = path_join(known->arena, dir, target);
    return resolve(known, target, strlen(target), links);
}

/* What many paths begin with. */
static const char *
resolve_dir(struct realpaths *known, const char *path, size_t len, unsigned *links)
{
    const struct known_path *before;
    const char *real;

    while (len > 1 && path[len - 1] == '/')
        len--;
    before = find(known, path, len);
    if (before != NULL)
        return before->real;
    real = resolve(known, path, len, links);
    if (real != NULL)
        remember(known, path, len, real);
    return real;
}

static const char *
resolve(struct realpaths *known, const char *path, size_t len, unsigned *links)
{
    const char *name, *dir;
    size_t dir_len = len;

    if (len <= 1)
        return "/";
    while (path[dir_len - 1] != '/')
        dir_len--;
    name = arena_strndup(known->arena, path + dir_len, len - dir_len);
    dir = resolve_dir(known, path, dir_len, links);
    if (dir == NULL)
        return NULL;
    return str_equal(name, "..") ? parent_of(known, dir)
                                 : look_up(known, dir, name, links);
}

const char *
realpaths_get(struct realpaths *known, const char *path)
{
    unsigned links = 0;

    if (!path_is_absolute(path) || has_dots(path))
        return fs_realpath(known->arena, path);
    return resolve(known, path, strlen(path), &links);
}
