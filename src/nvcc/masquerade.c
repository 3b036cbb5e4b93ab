/* Programs that stand in front of a compiler under its name.
 *
 * As of ccache 4.7: the environment and a handful of configuration files can name another
 * compiler, another PATH, or a program in front (its manual, COMPILER, PATH,
 * PREFIX_COMMAND). Must never follow one that is set up to run something else. */

#include "masquerade_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINKS_MAX = 8,
    CONFIG_MAX = 65536
};

static const char ccache[] = "ccache";

/* Which of the known ones it is, by its name or what one of its links is called; NULL:
 * none. */
static const char *
known_name(struct arena *arena, const char *path)
{
    static const char *const known[] = {ccache,  "sccache",    "distcc",
                                        "icecc", "buildcache", "nvcache"};

    for (int i = 0; path != NULL && i < LINKS_MAX; i++) {
        const char *target;

        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            if (str_equal(path_base(path), known[k]))
                return known[k];
        target = fs_read_link(arena, path);
        path = target == NULL || path_is_absolute(target)
                   ? target
                   : path_join(arena, path_dir(arena, path), target);
    }
    return NULL;
}

static bool
is_set_by_variable(void)
{
    static const char *const names[] = {
        "CCACHE_COMPILER", "CCACHE_CC",         "CCACHE_PATH",      "CCACHE_PREFIX",
        "CCACHE_CPP",      "CCACHE_PREFIX_CPP", "CCACHE_CONFIGPATH"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (getenv(names[i]) != NULL)
            return true;
    return false;
}

/* Says more than it must: compiler_check is none of these, either. */
static bool
is_set_in(const char *path)
{
    static const char *const words[] = {"compiler", "path", "prefix", "cache_dir"};
    AUTO_BUF text = BUF_INIT;

    if (access(path, F_OK) != 0)
        return false;
    if (fs_read(path, CONFIG_MAX, &text) != NVC_OK)
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(buf_str(&text), words[i]) != NULL)
            return true;
    return false;
}

static bool
is_set_below(struct arena *arena, const char *variable, const char *file)
{
    const char *dir = getenv(variable);

    return dir != NULL && is_set_in(path_join(arena, dir, file));
}

static bool
is_set_up(struct arena *arena)
{
    return is_set_by_variable() || is_set_below(arena, "CCACHE_DIR", "ccache.conf") ||
           is_set_below(arena, "HOME", ".ccache/ccache.conf") ||
           is_set_below(arena, "HOME", ".config/ccache/ccache.conf") ||
           is_set_below(arena, "XDG_CONFIG_HOME", "ccache/ccache.conf") ||
           is_set_in("/etc/ccache.conf") || is_set_in("/usr/local/etc/ccache.conf");
}

static bool
is_ccache(const char *path, void *arg)
{
    return known_name(arg, path) == ccache;
}

enum nvc_status
masquerade_resolve(struct arena *arena, const char *program, const char **out)
{
    const char *name = path_base(program);
    const char *known = known_name(arena, program);

    *out = NULL;
    if (known == NULL)
        return NVC_OK;
    if (known != ccache || str_equal(name, ccache) || is_set_up(arena))
        return NVC_BYPASS_WRAPPER;
    *out = fs_find_program(arena, name, NULL, is_ccache, arena);
    return *out != NULL ? NVC_OK : NVC_BYPASS_TOOLCHAIN;
}
