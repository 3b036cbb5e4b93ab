/* Ties between the directories of a command.
 *
 * Must never leave out a way in which a recorded file could have been reached: what is
 * looked at next time would then not be what the compiler reads. */

#include "ties_priv.h"

#include "closure_priv.h"
#include "links_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/realpaths.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/entry/manifest.h"
#include "session_priv.h"
#include "spelling_priv.h"

#include <string.h>

/* A directory from which files are reached, and how the command names it. */
struct base {
    const char *path;
    struct place place;
};

struct filling {
    struct session *session;
    const struct closure *closure;
    struct manifest *manifest;
    struct realpaths *known;
    struct base *bases;
    size_t n_bases;
    bool is_full;
};

static bool
is_same_place(const struct place *a, const struct place *b)
{
    return a->kind == b->kind && a->index == b->index && str_equal(a->rest, b->rest);
}

static void
add_tie(struct filling *filling, struct place at, struct place is, enum tie_kind kind)
{
    struct manifest *manifest = filling->manifest;

    if (kind == TIE_TEXT && is_same_place(&at, &is))
        return;
    for (size_t i = manifest->n_ties; i > 0; i--)
        if (is_same_place(&manifest->ties[i - 1].at, &at) &&
            is_same_place(&manifest->ties[i - 1].is, &is) &&
            manifest->ties[i - 1].kind == (uint8_t)kind)
            return;
    if (manifest->n_ties == MANIFEST_MAX_TIES)
        filling->is_full = true;
    else
        manifest->ties[manifest->n_ties++] =
            (struct manifest_tie){.at = at, .is = is, .kind = (uint8_t)kind};
}

static struct place
place_of_root(const struct root *root)
{
    return (struct place){
        .kind = (uint8_t)root->kind, .index = (uint8_t)root->index, .rest = ""};
}

static struct place
literal(const char *path)
{
    return (struct place){.kind = ROOT_NONE, .rest = path};
}

/* The place `rest` below another. */
static struct place
below(struct arena *arena, const struct place *place, const char *rest)
{
    struct place out = *place;

    if (rest[0] != '\0')
        out.rest = place->rest[0] == '\0' ? rest : path_join(arena, place->rest, rest);
    return out;
}

/* What a path is below its temporary directory: that shows as it is. */
static const char *
below_temporary(const struct session *session, const char *path)
{
    const size_t len =
        roots_ephemeral_len(session->arena, path, session->config->ephemeral.v);

    return len > 0 ? path + len : "";
}

/* A result that may show a path because it says nothing is right only where that is so
 * again: a link may lead to a temporary directory now, and elsewhere next time. */
static void
tie_free(struct filling *filling, const struct root *root)
{
    if (root->is_free && !roots_is_free_by_key(&filling->session->roots, root))
        add_tie(filling, place_of_root(root),
                literal(below_temporary(filling->session, root->path)), TIE_FREE);
}

/* A result that shows a path is bound to it. */
static void
tie_shown(struct filling *filling)
{
    const struct roots *roots = &filling->session->roots;

    for (size_t i = 0; i < roots->n; i++)
        if (filling->closure->shows[i])
            add_tie(filling, place_of_root(&roots->v[i]), literal(roots->v[i].path),
                    TIE_TEXT);
        else if (roots->v[i].kind == ROOT_CWD && filling->session->command.debug_info)
            tie_free(filling, &roots->v[i]);
}

/* One directory given twice has two positions and one place. */
static void
tie_repeated(struct filling *filling)
{
    const struct roots *roots = &filling->session->roots;

    for (size_t i = 0; i < roots->n; i++)
        for (size_t k = 0; k < i; k++)
            if (roots->v[i].kind == ROOT_INCLUDE && roots->v[k].kind == ROOT_INCLUDE &&
                str_equal(roots->v[i].path, roots->v[k].path))
                add_tie(filling, place_of_root(&roots->v[i]), place_of_root(&roots->v[k]),
                        0);
}

static void
add_base(struct filling *filling, const char *path, struct place place)
{
    if (path != NULL && path_is_absolute(path))
        filling->bases[filling->n_bases++] = (struct base){.path = path, .place = place};
}

/* A header that is named by its whole path (from "/") is read from there, whatever the
 * roots are. */
static void
add_literal_base(struct filling *filling, const char *name)
{
    const char *path = path_join(filling->session->arena, "/", name);

    if (closure_has(filling->closure, path))
        add_base(filling, path_dir(filling->session->arena, path),
                 literal(path_dir(filling->session->arena, path)));
}

static const struct search_quotes *
literal_names(const struct search *search)
{
    for (size_t i = 0; i < search->n_quotes; i++)
        if (str_equal(search->quotes[i].dir, "/"))
            return &search->quotes[i];
    return NULL;
}

static void
find_bases(struct filling *filling)
{
    const struct search *search = &filling->closure->search;
    const struct roots *roots = &filling->session->roots;
    struct arena *arena = filling->session->arena;
    const struct root *source = roots_find(roots, ROOT_SOURCE, 0);
    const struct search_quotes *literals = literal_names(search);
    const size_t n_literals = literals == NULL ? 0 : literals->n;

    filling->bases =
        arena_array(arena, 1 + search->n_chain + n_literals, sizeof(*filling->bases));
    if (source != NULL)
        add_base(filling, source->path, place_of_root(source));
    for (size_t k = 0; k < search->n_chain; k++)
        add_base(filling, search->chain[k], search->places[k]);
    for (size_t i = 0; i < n_literals; i++)
        add_literal_base(filling, literals->names[i]);
}

/* A directory of inputs that lies below `root` and below `base`. */
static void
tie_root_to_base(struct filling *filling, const struct root *root,
                 const struct base *base)
{
    struct arena *arena = filling->session->arena;
    const struct place place = place_of_root(root);
    const char *rest = path_below(root->path, base->path);

    if (base->place.kind == place.kind && base->place.index == place.index)
        return;
    if (rest != NULL)
        add_tie(filling, below(arena, &place, rest), base->place, TIE_TEXT);
    else
        add_tie(filling, place,
                below(arena, &base->place, path_below(base->path, root->path)), TIE_TEXT);
}

static void
tie_directory(struct filling *filling, const char *dir)
{
    const struct root *root = roots_match(&filling->session->roots, dir);

    if (root != NULL)
        tie_free(filling, root);
    for (size_t i = 0; root != NULL && i < filling->n_bases; i++)
        if (path_below(filling->bases[i].path, dir) != NULL)
            tie_root_to_base(filling, root, &filling->bases[i]);
}

/* The place of a directory below that root, if it is there. */
static void
place_below(struct arena *arena, const struct root *root, const char *dir,
            struct place *out)
{
    const char *rest = root != NULL ? path_below(root->path, dir) : NULL;
    struct place place;

    if (rest == NULL)
        return;
    place = place_of_root(root);
    *out = below(arena, &place, rest);
}

/* Texts name a file as it is written, below the root that this begins with, which is not
 * always the one below which it is recorded ("a/./b", where "a" and "a/b" are roots). */
static void
tie_name(struct filling *filling, const char *name)
{
    const struct roots *roots = &filling->session->roots;
    struct arena *arena = filling->session->arena;
    const char *clean = path_clean(arena, name);
    const char *dir = path_dir(arena, clean);
    struct place in_text = literal(dir);
    struct place recorded = literal(dir);

    if (str_equal(clean, name))
        return;
    place_below(arena, roots_match(roots, name), dir, &in_text);
    place_below(arena, roots_match(roots, clean), dir, &recorded);
    add_tie(filling, in_text, recorded, TIE_TEXT);
}

/* In more than a dependency list? */
static bool
is_toolkit_named(const struct filling *filling)
{
    const struct roots *roots = &filling->session->roots;

    if (filling->closure->has_messages)
        return true;
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i].kind == ROOT_TOOLKIT && filling->closure->shows[i])
            return true;
    return false;
}

/* The toolkit may move, to behind a link as well.  Where its headers are named in a
 * dependency list alone, either name will do. */
static void
tie_spelling(struct filling *filling, const struct place *at, enum tie_kind kind)
{
    const bool is_toolkit = (at->kind & ~ROOT_REAL) == ROOT_TOOLKIT;

    if (!is_toolkit || is_toolkit_named(filling))
        add_tie(filling, *at, *at, kind);
}

/* Text of the same length next time, and links that lead as far: or one is longer where
 * the other was not. */
static void
on_spelling(const struct place *at, const char *text, void *arg)
{
    struct filling *filling = arg;
    struct session *session = filling->session;
    const bool is_longer = spelling_is_longer(filling->known, text);
    const char *clean = path_clean(session->arena, text);

    tie_spelling(filling, at, is_longer ? TIE_LONGER : TIE_SHORTER);
    if (is_longer && str_equal(clean, realpaths_get(filling->known, text))) {
        const struct place real = roots_place(&session->roots, clean);

        add_tie(filling, real, real, TIE_LINK);
    }
}

static void
on_link(const struct place *from, const char *real, void *arg)
{
    struct filling *filling = arg;
    const struct roots *roots = &filling->session->roots;
    const char *path = roots_path(roots, filling->session->arena, from);
    const struct place is = roots_place(roots, real);

    add_tie(filling, *from, is, TIE_LINK);
    if ((from->kind != is.kind || from->index != is.index) &&
        strlen(path) > strlen(real)) /* which one's root may be longer next time */
        tie_spelling(filling, from, TIE_LONGER);
}

enum nvc_status
ties_fill(struct session *session, const struct closure *closure,
          const struct strlist *listed, struct manifest *manifest)
{
    struct filling filling = {.session = session,
                              .closure = closure,
                              .manifest = manifest,
                              .known = realpaths_new(session->arena)};

    manifest->ties =
        arena_array(session->arena, MANIFEST_MAX_TIES, sizeof(*manifest->ties));
    find_bases(&filling);
    tie_shown(&filling);
    tie_repeated(&filling);
    spelling_find(session, closure, listed, is_toolkit_named(&filling), filling.known,
                  on_spelling, &filling);
    for (size_t i = 0; i < manifest->n_dirs; i++) {
        const char *dir = roots_path(&session->roots, session->arena, &manifest->dirs[i]);

        if (dir != NULL && path_is_absolute(dir))
            tie_directory(&filling, dir);
    }
    for (size_t i = 0; i < listed->n; i++)
        tie_name(&filling, listed->v[i]);
    links_find(session, closure, on_link, &filling);
    session->culprit = filling.is_full ? "symbolic links" : session->culprit;
    return filling.is_full ? NVC_NOSTORE_CLOSURE : NVC_OK;
}

static bool
is_free_as_then(const struct session *session, const struct manifest_tie *tie)
{
    const struct root *root = roots_find(&session->roots, tie->at.kind, tie->at.index);

    return roots_is_free(&session->roots, root) &&
           str_equal(below_temporary(session, root->path), tie->is.rest);
}

static bool
holds(struct session *session, struct realpaths *known, const struct manifest_tie *tie)
{
    const char *at = roots_path(&session->roots, session->arena, &tie->at);
    const char *is = roots_path(&session->roots, session->arena, &tie->is);

    if (at != NULL && (tie->kind == TIE_SHORTER || tie->kind == TIE_LONGER))
        return spelling_is_longer(known, at) == (tie->kind == TIE_LONGER);
    if (at != NULL && tie->kind == TIE_FREE)
        return is_free_as_then(session, tie);
    if (at != NULL && tie->kind == TIE_LINK)
        at = realpaths_get(known, at);
    return at != NULL && is != NULL && str_equal(at, is);
}

static bool
is_real(const struct place *place)
{
    return (place->kind & ROOT_REAL) != 0;
}

static bool
speaks_of_links(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_dirs; i++)
        if (is_real(&manifest->dirs[i]))
            return true;
    for (size_t i = 0; i < manifest->n_watched; i++)
        if (is_real(&manifest->watched[i]))
            return true;
    for (size_t i = 0; i < manifest->n_ties; i++)
        if (is_real(&manifest->ties[i].at) || is_real(&manifest->ties[i].is))
            return true;
    return false;
}

enum nvc_status
ties_check(struct session *session, const struct manifest *manifest)
{
    struct realpaths *known = realpaths_new(session->arena);

    if (speaks_of_links(manifest))
        roots_add_real(&session->roots);
    for (size_t i = 0; i < manifest->n_ties; i++)
        if (!holds(session, known, &manifest->ties[i])) {
            session->culprit = arena_strdup(session->arena, manifest->ties[i].is.rest);
            return NVC_MISS_PATH;
        }
    return NVC_OK;
}
