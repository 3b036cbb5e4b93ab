/* Paths as text.  Must never touch the file system or resolve "..": with symbolic links
 * that would name another file. */

#include "nvcache/base/path.h"

#include "nvcache/base/arena.h"

#include <string.h>

bool
path_is_absolute(const char *path)
{
    return path[0] == '/';
}

const char *
path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

char *
path_dir(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return arena_strdup(arena, ".");
    return arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

char *
path_join(struct arena *arena, const char *dir, const char *name)
{
    const size_t dir_len = dir != NULL ? strlen(dir) : 0;
    const size_t name_len = strlen(name);
    char *joined;
    size_t at = dir_len;

    if (dir_len == 0 || path_is_absolute(name))
        return arena_strdup(arena, name);
    joined = arena_room(arena, dir_len + name_len + 2);
    memcpy(joined, dir, dir_len);
    if (joined[at - 1] != '/')
        joined[at++] = '/';
    memcpy(joined + at, name, name_len + 1);
    return joined;
}

const char *
path_ext(const char *path)
{
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');

    return dot == NULL || dot == base ? "" : dot;
}

/* The component that begins at `at`: its length, without slashes. */
static size_t
component(const char *at)
{
    return strcspn(at, "/");
}

char *
path_clean(struct arena *arena, const char *path)
{
    char *out = arena_alloc(arena, strlen(path) + 2);
    size_t n = 0;

    if (path_is_absolute(path))
        out[n++] = '/';
    for (const char *at = path; *at != '\0';) {
        const size_t len = component(at);

        if (len > 0 && !(len == 1 && at[0] == '.')) {
            if (n > 0 && out[n - 1] != '/')
                out[n++] = '/';
            memcpy(out + n, at, len);
            n += len;
        }
        at += len;
        while (*at == '/')
            at++;
    }
    if (n == 0)
        out[n++] = '.';
    out[n] = '\0';
    return out;
}

const char *
path_below(const char *dir, const char *path)
{
    const size_t n = strlen(dir);

    if (n == 1 && dir[0] == '/')
        return path_is_absolute(path) ? path + 1 : NULL;
    if (strncmp(dir, path, n) != 0)
        return NULL;
    if (path[n] == '\0')
        return path + n;
    return path[n] == '/' ? path + n + 1 : NULL;
}
