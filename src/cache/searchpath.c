/* The directories in which headers are searched, in the order of the host compiler.  Must
 * never leave one out: what appears in it would not be noticed. */

#include "searchpath_priv.h"

#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

static void
add_place(const struct session *session, struct search *search, struct place place)
{
    search->places[search->n_chain] = place;
    search->chain[search->n_chain++] =
        roots_path(&session->roots, session->arena, &place);
}

static void
add_chain(const struct session *session, struct search *search, const char *dir)
{
    add_place(session, search,
              roots_place(&session->roots, path_clean(session->arena, dir)));
}

static void
add_list(const struct session *session, struct search *search, const struct strlist *list)
{
    for (size_t i = 0; i < list->n; i++)
        add_chain(session, search, list->v[i]);
}

static void
add_kind(const struct session *session, struct search *search,
         const struct search_dir *dirs, size_t n, enum search_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (dirs[i].kind == kind)
            add_chain(session, search, dirs[i].path);
}

static void
add_variable(const struct session *session, struct search *search,
             const struct strlist *dirs)
{
    for (size_t i = 0; i < dirs->n; i++)
        add_place(session, search,
                  (struct place){.rest = path_clean(session->arena, dirs->v[i])});
}

static void
split_variable(struct arena *arena, const char *name, struct strlist *out)
{
    const char *value = getenv(name);
    char *rest = value == NULL || value[0] == '\0' ? NULL : arena_strdup(arena, value);

    strlist_init(out, arena);
    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        strlist_add(out, dir);
}

static const char *
own_variable(const struct session *session)
{
    return str_equal(session->command.language, "c") ? "C_INCLUDE_PATH"
                                                     : "CPLUS_INCLUDE_PATH";
}

/* CPATH is searched as if it were -I behind all others, CPLUS_INCLUDE_PATH as if it were
 * -isystem.  What the host compiler says of the latter is not enough: it leaves out what
 * is the same directory as another, or none, at that time (gcc 12). */
void
searchpath_build(const struct session *session, struct search *search)
{
    const struct toolchain_layout *layout = &session->layout;
    struct search_dir *dirs;
    const size_t n = command_search_dirs(session->arena, &session->command, &dirs);
    struct strlist cpath;
    struct strlist more;
    size_t most;

    split_variable(session->arena, "CPATH", &cpath);
    split_variable(session->arena, own_variable(session), &more);
    most = n + layout->normal.n + cpath.n + more.n + layout->system.n;
    search->chain = arena_array(session->arena, most, sizeof(*search->chain));
    search->places = arena_array(session->arena, most, sizeof(*search->places));
    add_kind(session, search, dirs, n, SEARCH_QUOTE);
    add_kind(session, search, dirs, n, SEARCH_NORMAL);
    add_list(session, search, &layout->normal);
    add_variable(session, search, &cpath);
    add_kind(session, search, dirs, n, SEARCH_SYSTEM);
    add_variable(session, search, &more);
    add_list(session, search, &layout->system);
    add_kind(session, search, dirs, n, SEARCH_AFTER);
}

void
searchpath_given(const struct session *session, bool all, struct strlist *out)
{
    struct search_dir *dirs;
    const size_t n = command_search_dirs(session->arena, &session->command, &dirs);
    struct strlist cpath;

    split_variable(session->arena, own_variable(session), out);
    for (size_t i = 0; i < n; i++)
        if (all || dirs[i].kind >= SEARCH_SYSTEM)
            strlist_add_copy(out, dirs[i].path);
    split_variable(session->arena, "CPATH", &cpath);
    for (size_t i = 0; i < cpath.n && all; i++)
        strlist_add(out, cpath.v[i]);
}

static void
add_names(const struct session *session, const struct strlist *dirs, struct strlist *out)
{
    for (size_t i = 0; i < dirs->n; i++) {
        char *real = fs_realpath(session->arena, dirs->v[i]);

        strlist_add(out, path_clean(session->arena, dirs->v[i]));
        if (real != NULL)
            strlist_add(out, real);
    }
}

void
searchpath_others(const struct session *session, struct strlist *out)
{
    strlist_init(out, session->arena);
    add_names(session, &session->layout.normal, out);
    add_names(session, &session->layout.system, out);
}

bool
searchpath_is_below(const struct strlist *dirs, const char *path)
{
    for (size_t i = 0; i < dirs->n; i++)
        if (path_below(dirs->v[i], path) != NULL)
            return true;
    return false;
}
