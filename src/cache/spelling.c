/* Whether headers are named as they are written or by their real paths.  Must never leave
 * out a way in which that could change: a hit would show the other name. */

#include "spelling_priv.h"

#include "closure_priv.h"
#include "listing_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/realpaths.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/scan.h"
#include "searchpath_priv.h"
#include "session_priv.h"

#include <string.h>

/* A directory of the search path.  What lies below it, reached through no more links, is
 * named as it is. */
struct anchor {
    struct place place;
    const char *text;
    const char *real;
};

struct look {
    const struct session *session;
    const struct closure *closure;
    struct realpaths *known;
    bool is_toolkit_named;
    struct anchor *anchors;
    size_t n_anchors;
    spelling_visitor *visit;
    void *arg;
};

bool
spelling_is_longer(struct realpaths *known, const char *text)
{
    const char *real = realpaths_get(known, text);

    return real != NULL && strlen(text) > strlen(real);
}

/* As it stands in front of the slash and a header's name: gcc puts none behind another.
 */
static const char *
in_front(struct arena *arena, const char *dir)
{
    const size_t len = strlen(dir);

    return len > 1 && dir[len - 1] == '/' ? arena_strndup(arena, dir, len - 1) : dir;
}

static void
add_dirs(struct look *look, const struct strlist *dirs, bool is_given)
{
    const struct session *session = look->session;

    for (size_t i = 0; i < dirs->n; i++) {
        const char *text = in_front(session->arena, dirs->v[i]);
        const struct anchor anchor = {.place = roots_written(&session->roots, text),
                                      .text = text,
                                      .real = realpaths_get(look->known, text)};

        if (anchor.real == NULL)
            continue;
        look->anchors[look->n_anchors++] = anchor;
        if (is_given ||
            (look->is_toolkit_named && (anchor.place.kind & ~ROOT_REAL) == ROOT_TOOLKIT))
            look->visit(&anchor.place, text, look->arg);
    }
}

static bool
is_below(const char *dir, const char *path)
{
    const size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The directory of the path that a name begins with. */
static const struct anchor *
anchor_of(const struct look *look, const char *path)
{
    for (size_t i = 0; i < look->n_anchors; i++)
        if (is_below(look->anchors[i].text, path))
            return &look->anchors[i];
    return NULL;
}

/* Can it be in a system directory, or be asked for by what is?  With that pragma,
 * anywhere. */
static bool
can_be_system(const struct look *look, const char *path)
{
    if (look->closure->says_system || anchor_of(look, path) != NULL)
        return true;
    for (size_t i = 0; i < look->n_anchors; i++)
        if (is_below(look->anchors[i].real, path))
            return true;
    return false;
}

/* Below no directory as it is given: what is asked for by a header that is named by its
 * real path, say. */
static struct place
place_of(const struct look *look, const char *path)
{
    const struct roots *roots = &look->session->roots;
    struct arena *arena = look->session->arena;
    const struct anchor *anchor = anchor_of(look, path);
    struct place place;

    if (anchor == NULL)
        return str_equal(path, path_clean(arena, path)) ? roots_place(roots, path)
                                                        : roots_written(roots, path);
    place = anchor->place;
    path += strlen(anchor->text);
    if (place.kind == ROOT_NONE || place.rest[0] != '\0')
        place.rest = arena_printf(arena, "%s%s", place.rest, path);
    else
        place.rest = path + (path[0] == '/');
    return place;
}

/* Through no other link than its directory of the search path, or the working directory?
 */
static bool
is_anchored(const struct look *look, const char *path, const char *real)
{
    struct arena *arena = look->session->arena;
    const struct anchor *anchor = anchor_of(look, path);
    const char *dir = anchor != NULL ? anchor->real : realpaths_get(look->known, ".");
    const char *rest = path + (anchor != NULL ? strlen(anchor->text) : 0);

    if (anchor == NULL && path_is_absolute(path))
        return false;
    rest += strspn(rest, "/");
    return rest[0] == '\0' ||
           str_equal(real, path_join(arena, dir, path_clean(arena, rest)));
}

/* What has a shorter real path and was not named by it is in no system directory. */
static void
look_at(const struct look *look, const char *path)
{
    const char *real = realpaths_get(look->known, path);
    struct place place;

    if (real == NULL || str_equal(real, path) || strlen(path) > strlen(real) ||
        is_anchored(look, path, real))
        return;
    place = place_of(look, path);
    look->visit(&place, path, look->arg);
}

static bool
may_be_link(const struct look *look, const char *path)
{
    struct arena *arena = look->session->arena;
    const char *name = path_base(path);
    const char *dir = path_clean(arena, path_dir(arena, path));
    const struct listing_name *entry =
        listing_find(listings_get(look->closure->listings, dir), name, strlen(name));

    return entry != NULL && !entry->is_file;
}

static void
look_at_inputs(const struct look *look, const struct strlist *listed)
{
    struct strlist paths;

    strlist_init(&paths, look->session->arena);
    for (size_t i = 0; i < listed->n; i++) {
        if (!can_be_system(look, listed->v[i]))
            continue;
        strlist_add(&paths, path_dir(look->session->arena, listed->v[i]));
        if (may_be_link(look, listed->v[i]))
            strlist_add(&paths, listed->v[i]);
    }
    strlist_unique(&paths);
    for (size_t i = 0; i < paths.n; i++)
        look_at(look, paths.v[i]);
}

void
spelling_find(const struct session *session, const struct closure *closure,
              const struct strlist *listed, bool is_toolkit_named,
              struct realpaths *known, spelling_visitor *visit, void *arg)
{
    struct look look = {.session = session,
                        .closure = closure,
                        .known = known,
                        .is_toolkit_named = is_toolkit_named,
                        .visit = visit,
                        .arg = arg};
    struct strlist given;

    searchpath_given(session, closure->says_system, &given);
    look.anchors = arena_array(session->arena, given.n + session->layout.system.n,
                               sizeof(*look.anchors));
    add_dirs(&look, &given, true);
    add_dirs(&look, &session->layout.system, false);
    look_at_inputs(&look, listed);
}
