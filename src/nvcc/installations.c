/* Where a host compiler's parts may appear.
 *
 * gcc looks for cc1plus, as and specs in PREFIX/lib/gcc/MACHINE/VERSION and the directory
 * above it (libexec on some systems), clang for the newest gcc in PREFIX/lib/gcc/MACHINE
 * and for NAME.cfg beside itself; PREFIX/bin is where the compiler is, by its name or by
 * the name that a link leads to.  gcc also reads a file called specs in the directories
 * of LIBRARY_PATH and LPATH (seen with strace, gcc 12).  Must never be slower than a few
 * stats: every hit comes here. */

#include "installations_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool
installations_hash_stamp(struct hasher *hasher, const char *path)
{
    struct stat info;
    struct stamp stamp;

    hasher_str(hasher, path);
    if (stat(path, &info) != 0)
        return false;
    stamp = stamp_of(&info);
    hasher_bytes(hasher, &stamp, sizeof(stamp));
    return true;
}

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The directory and those in it, to `depth` levels, in a fixed order. */
static void
hash_tree(struct hasher *hasher, struct arena *arena, const char *path, int depth)
{
    struct strlist names;
    DIR *dir = installations_hash_stamp(hasher, path) && depth > 0 ? opendir(path) : NULL;

    if (dir == NULL)
        return;
    strlist_init(&names, arena);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' && entry->d_type != DT_REG)
            strlist_add_copy(&names, entry->d_name);
    closedir(dir);
    qsort(names.v, names.n, sizeof(char *), compare_strings);
    for (size_t i = 0; i < names.n; i++)
        hash_tree(hasher, arena, path_join(arena, path, names.v[i]), depth - 1);
}

static void
hash_prefix(struct hasher *hasher, struct arena *arena, const char *program)
{
    const char *bin = path_dir(arena, program);

    hash_tree(hasher, arena, path_join(arena, bin, "../lib/gcc"), 2);
    hash_tree(hasher, arena, path_join(arena, bin, "../libexec/gcc"), 2);
    if (strstr(path_base(program), "clang") != NULL)
        installations_hash_stamp(hasher, bin);
}

static void
hash_specs(struct hasher *hasher, struct arena *arena, const char *variable)
{
    const char *value = getenv(variable);
    char *rest = value == NULL ? NULL : arena_strdup(arena, value);

    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        installations_hash_stamp(hasher, path_join(arena, dir, "specs"));
}

void
installations_hash(struct hasher *hasher, struct arena *arena, const char *program)
{
    const char *real = fs_realpath(arena, program);

    hash_prefix(hasher, arena, program);
    if (real != NULL && !str_equal(path_dir(arena, real), path_dir(arena, program)))
        hash_prefix(hasher, arena, real);
    hash_specs(hasher, arena, "LIBRARY_PATH");
    hash_specs(hasher, arena, "LPATH");
}
