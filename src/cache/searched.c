/* What the host compiler sees of the directories in which headers are searched, beside
 * what lies in them.  Each is looked at once: this is on the way of every hit.  Must
 * never name a path: it goes into the key, where directories count by their position. */

#include "searched_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/nvcc/command.h"
#include "searchpath_priv.h"
#include "session_priv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static bool
warns_of_missing(const struct command_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(items[i].text, "missing-include-dirs") != NULL)
            return true;
    return false;
}

/* Those of the command and its variables, so many as returned, then the toolchain's. */
static size_t
all_dirs(const struct session *session, struct strlist *out)
{
    const struct toolchain_layout *layout = &session->layout;
    size_t n_given;

    searchpath_given(session, true, out);
    n_given = out->n;
    for (size_t i = 0; i < layout->normal.n; i++)
        strlist_add(out, layout->normal.v[i]);
    for (size_t i = 0; i < layout->system.n; i++)
        strlist_add(out, layout->system.v[i]);
    return n_given;
}

/* 0 for a directory, errno of one that cannot be looked at, -1 for another file. */
static int
look_at(const char *dir, struct stat *info)
{
    if (stat(dir, info) != 0)
        return errno;
    return S_ISDIR(info->st_mode) ? 0 : -1;
}

/* gcc searches a directory once, whatever its names: by the device and the file number,
 * each has that of the first one that is the same.  A link in place of a directory of its
 * own would else find what is not searched. */
static void
note_same(struct searched *out, const struct stat *infos, size_t i)
{
    size_t first = 0;

    while (infos[first].st_dev != infos[i].st_dev ||
           infos[first].st_ino != infos[i].st_ino)
        first++;
    if (first < i)
        strlist_add(&out->same, arena_printf(out->same.arena, "%zu %zu", first, i));
}

/* gcc (12) warns of a directory that is a file, has an error for one that it may not look
 * at, and is silent about a missing one unless told otherwise. */
static void
note_fault(struct searched *out, int fault, bool missing, size_t i)
{
    if (fault != 0 && (fault != ENOENT || missing))
        strlist_add(&out->faults, arena_printf(out->faults.arena, "%zu %d", i, fault));
}

void
searched_look(const struct session *session, const struct command_item *items, size_t n,
              struct searched *out)
{
    const bool missing = warns_of_missing(items, n);
    struct strlist dirs;
    const size_t n_given = all_dirs(session, &dirs);
    /* Zeros for one that cannot be looked at: no directory has them. */
    struct stat *infos = arena_array(session->arena, dirs.n, sizeof(*infos));

    strlist_init(&out->same, session->arena);
    strlist_init(&out->faults, session->arena);
    for (size_t i = 0; i < dirs.n; i++) {
        const int fault = look_at(dirs.v[i], &infos[i]);

        if (fault <= 0)
            note_same(out, infos, i);
        if (i < n_given)
            note_fault(out, fault, missing, i);
    }
}
