/* Symbolic links on the way to headers that the compiler names by their real path. */

#include "links_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/realpaths.h"
#include "nvcache/base/strlist.h"
#include "listing_priv.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct identity {
    uint64_t dev;
    uint64_t ino;
};

struct look {
    struct session *session;
    const struct closure *closure;
    struct realpaths *known;
    struct identity *inputs; /* sorted */
    links_visitor *visit;
    void *arg;
};

/* A directory in which headers are looked for. */
struct spot {
    const struct place *place;
    const char *path;
    const char *real;
    bool is_used; /* inputs lie in it and are named by its real path */
};

static int
compare_identities(const void *a, const void *b)
{
    const struct identity *x = a;
    const struct identity *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

static void
list_inputs(struct look *look)
{
    const struct closure *closure = look->closure;

    look->inputs = arena_array(look->session->arena, closure->n, sizeof(*look->inputs));
    for (size_t i = 0; i < closure->n; i++)
        look->inputs[i] =
            (struct identity){closure->files[i].stamp.dev, closure->files[i].stamp.ino};
    qsort(look->inputs, closure->n, sizeof(*look->inputs), compare_identities);
}

static bool
is_input(const struct look *look, const struct stat *info)
{
    const struct identity key = {info->st_dev, info->st_ino};

    return bsearch(&key, look->inputs, look->closure->n, sizeof(key),
                   compare_identities) != NULL;
}

/* An input of another name: found here through links? */
static void
look_at_input(const struct look *look, struct spot *spot, const char *name,
              const char *path)
{
    struct arena *arena = look->session->arena;
    const char *real = realpaths_get(look->known, path);
    struct place from = *spot->place;

    if (real == NULL || !closure_has(look->closure, real))
        return;
    if (str_equal(real, path_join(arena, spot->real, name))) {
        spot->is_used = true;
        return;
    }
    from.rest = from.rest[0] == '\0' ? name : path_join(arena, from.rest, name);
    look->visit(&from, real, look->arg);
}

/* Returns whether the name is there. */
static bool
look_for(const struct look *look, struct spot *spot, const char *name)
{
    struct arena *arena = look->session->arena;
    const char *path = path_clean(arena, path_join(arena, spot->path, name));
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    if (is_input(look, &info) && !closure_has(look->closure, path))
        look_at_input(look, spot, name, path);
    return true;
}

static struct spot
spot_at(const struct look *look, const struct place *place)
{
    struct arena *arena = look->session->arena;
    struct spot spot = {.place = place};

    spot.path = roots_path(&look->session->roots, arena, place);
    spot.real = spot.path == NULL ? NULL : realpaths_get(look->known, spot.path);
    return spot;
}

static void
leave(const struct look *look, const struct spot *spot)
{
    if (spot->is_used && !str_equal(spot->path, spot->real))
        look->visit(spot->place, spot->real, look->arg);
}

/* Can it be there, by the first part of the name?  Most names are in one directory of a
 * dozen.  What cannot be listed is asked. */
static bool
can_be_in(const struct listing *listing, const char *name)
{
    const size_t len = strcspn(name, "/");

    return listing->n_slots == 0 || len == 0 || name[0] == '.' ||
           listing_find(listing, name, len) != NULL;
}

static void
look_along_chain(const struct look *look)
{
    const struct search *search = &look->closure->search;
    const struct search_name **open =
        arena_array(look->session->arena, search->n_names, sizeof(*open));
    size_t n = search->n_names;

    for (size_t i = 0; i < n; i++)
        open[i] = &search->names[i];
    for (size_t k = 0; k < search->n_chain; k++) {
        struct spot spot = spot_at(look, &search->places[k]);
        const struct listing *listing;
        size_t left = 0;

        if (spot.real == NULL)
            continue;
        listing = listings_get(look->closure->listings, spot.path);
        for (size_t i = 0; i < n; i++)
            if (!can_be_in(listing, open[i]->name) ||
                !look_for(look, &spot, open[i]->name) || open[i]->is_next)
                open[left++] = open[i];
        n = left;
        leave(look, &spot);
    }
}

/* Names that an #include may compute, as far as something of their first part is there.
 */
static void
look_for_computed(const struct look *look, struct spot *spot)
{
    const struct search *search = &look->closure->search;
    const struct listing *listing = listings_get(look->closure->listings, spot->path);

    for (size_t i = 0; i < search->n_beside;) {
        const char *name = search->beside[i];
        const size_t len = strcspn(name, "/");
        const bool is_there = listing_find(listing, name, len) != NULL;

        do {
            if (is_there)
                look_for(look, spot, search->beside[i]);
            i++;
        } while (i < search->n_beside && strncmp(search->beside[i], name, len) == 0 &&
                 search->beside[i][len] == '/');
    }
}

static void
look_beside(const struct look *look, const struct search_quotes *quotes)
{
    const struct place place = roots_place(&look->session->roots, quotes->dir);
    struct spot spot = spot_at(look, &place);

    if (spot.real == NULL)
        return;
    for (size_t i = 0; i < quotes->n; i++)
        look_for(look, &spot, quotes->names[i]);
    if (quotes->has_computed)
        look_for_computed(look, &spot);
    leave(look, &spot);
}

void
links_find(struct session *session, const struct closure *closure, links_visitor *visit,
           void *arg)
{
    struct look look = {.session = session,
                        .closure = closure,
                        .known = realpaths_new(session->arena),
                        .visit = visit,
                        .arg = arg};

    list_inputs(&look);
    look_along_chain(&look);
    for (size_t i = 0; i < closure->search.n_quotes; i++)
        look_beside(&look, &closure->search.quotes[i]);
}
