/* What must not have moved while the compiler ran, besides the inputs themselves.
 *
 * A directory that is renamed, or a link that is pointed elsewhere and back, changes
 * which file has a name without touching the file.  Both leave a change time: of the
 * link, and of the directory that was renamed.  A directory's change time alone says
 * little, because every file made in it changes it too; but that changes its modification
 * time as well.
 *
 * Must never say "steady" for what it could not look at. */

#include "steady_priv.h"

#include "asked_priv.h"
#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "listing_priv.h"
#include "session_priv.h"
#include "vigil_priv.h"

#include <string.h>
#include <sys/stat.h>

enum {
    LINKS_MAX = 40 /* as many as Linux follows */
};

static enum nvc_status
moved(struct session *session, const char *path)
{
    session->culprit = arena_strdup(session->arena, path);
    return NVC_NOSTORE_MOVED;
}

static enum nvc_status
unwatched(struct session *session, const char *path)
{
    session->culprit = arena_strdup(session->arena, path);
    return NVC_NOSTORE_UNWATCHED;
}

static bool
has_moved(const struct stat *info, int64_t moment_ns)
{
    const struct stamp stamp = stamp_of(info);

    if (S_ISLNK(info->st_mode))
        return stamp_is_since(&stamp, moment_ns);
    return S_ISDIR(info->st_mode) && stamp.ctime_ns >= moment_ns &&
           stamp.mtime_ns < moment_ns;
}

static bool
name_has_moved(const char *path, int64_t moment_ns)
{
    struct stat info;

    return lstat(path, &info) != 0 || has_moved(&info, moment_ns);
}

static size_t
shared_length(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return n;
}

/* A path that grows by a name with each step. */
struct way {
    char *path;
    size_t at; /* where it is cut off, and what is there in truth */
    char cut;
};

static struct way
way_along(struct session *session, const char *path, size_t from)
{
    char *copy = path_join(session->arena, session->cwd, path);
    const size_t at = from > 0 ? from - 1 : 0;

    return (struct way){.path = copy, .at = at, .cut = copy[at]};
}

static bool
way_next(struct way *way)
{
    way->path[way->at] = way->cut;
    if (way->cut == '\0')
        return false;
    do
        way->at++;
    while (way->path[way->at] != '/' && way->path[way->at] != '\0');
    way->cut = way->path[way->at];
    way->path[way->at] = '\0';
    return true;
}

/* Where a link leads, one step; NULL if that cannot be told. */
static const char *
target_of(struct session *session, const char *path, int links)
{
    const char *target = links < LINKS_MAX ? fs_read_link(session->arena, path) : NULL;

    return target == NULL
               ? NULL
               : path_join(session->arena, path_dir(session->arena, path), target);
}

static const char *find_moved(struct session *session, const char *path, size_t from,
                              int links);

/* The name that was moved, or NULL: this one, or one on the way to where it leads. */
static const char *
look_at_name(struct session *session, const char *path, int links)
{
    struct stat info;
    const char *target;

    if (lstat(path, &info) != 0 || has_moved(&info, session->begin_ns))
        return arena_strdup(session->arena, path);
    if (!S_ISLNK(info.st_mode))
        return NULL;
    target = target_of(session, path, links);
    return target == NULL ? arena_strdup(session->arena, path)
                          : find_moved(session, target, 0, links + 1);
}

/* From its character `from` on. */
static const char *
find_moved(struct session *session, const char *path, size_t from, int links)
{
    struct way way = way_along(session, path, from);
    const char *found = NULL;

    while (found == NULL && way_next(&way))
        found = look_at_name(session, way.path, links);
    return found;
}

/* Each name on the way to `path`, less those shared with `last`, looked at before. */
static enum nvc_status
check_names(struct session *session, const char *path, const char *last)
{
    const char *found = find_moved(session, path, shared_length(path, last), 0);

    return found == NULL ? NVC_OK : moved(session, found);
}

static enum nvc_status
check_places(struct session *session, const struct closure *closure)
{
    const struct strlist *tools = &session->layout.files;
    const char *last = "";
    enum nvc_status st = NVC_OK;

    for (size_t i = 0; i < closure->n + tools->n && st == NVC_OK; i++) {
        const char *name =
            i < closure->n ? closure->files[i].path : tools->v[i - closure->n];
        const char *path = path_join(session->arena, session->cwd, name);

        st = check_names(session, path, last);
        last = path;
    }
    return st;
}

/* They were read before the compiler read them. */
static enum nvc_status
check_options_files(struct session *session)
{
    for (const struct options_file *file = session->command.options_files; file != NULL;
         file = file->next) {
        AUTO_BUF text = BUF_INIT;
        struct stat info;
        struct stamp stamp;

        if (stat(file->path, &info) != 0)
            return moved(session, file->path);
        stamp = stamp_of(&info);
        if (stamp_is_since(&stamp, session->begin_ns) ||
            fs_read(file->path, COMMAND_MAX_FILE_BYTES, &text) != NVC_OK ||
            text.len != file->len ||
            (text.len > 0 && memcmp(text.data, file->text, text.len) != 0))
            return moved(session, file->path);
    }
    return NVC_OK;
}

static enum nvc_status
check_toolchain(struct session *session)
{
    struct digest now;

    if (toolchain_is_since(&session->layout, session->begin_ns) ||
        toolchain_digest(session->memo, &session->layout, session->begin_ns, &now) !=
            NVC_OK ||
        !digest_equal(&now, &session->toolchain))
        return moved(session, "toolchain");
    return NVC_OK;
}

static bool
is_since(const struct stat *info, int64_t moment_ns)
{
    const struct stamp stamp = stamp_of(info);

    return stamp_is_since(&stamp, moment_ns);
}

/* Was it made, renamed or linked since the compile began?  A directory's change time is
 * that of what is in it: where its name was watched, the watch knows better. */
static bool
has_appeared(struct session *session, const char *dir, const char *path)
{
    struct stat info;

    if (lstat(path, &info) != 0 || !is_since(&info, session->begin_ns))
        return false;
    return !S_ISDIR(info.st_mode) || name_has_moved(path, session->begin_ns) ||
           !vigil_covers(session->vigil, dir, path_base(path));
}

/* A name to which headers' names lead, and that has appeared in this directory: the
 * compiler may have looked before. */
static const char *
find_appeared(struct session *session, const struct closure *closure, const char *dir)
{
    const struct listing *listing = listings_get(closure->listings, dir);
    size_t n;
    const struct listing_name **names =
        listing_relevant(session->arena, listing, &closure->names, &n);

    for (size_t i = 0; i < n; i++) {
        const char *path = path_join(session->arena, dir, names[i]->name);

        if (has_appeared(session, dir, path) &&
            names_lead_to(&closure->search, dir, names[i]->name))
            return path;
    }
    return NULL;
}

/* Names that came and went. */
static enum nvc_status
check_passing(struct session *session, const struct closure *closure)
{
    const char *name = session->vigil != NULL
                           ? vigil_find(session->vigil, &closure->names, &closure->search)
                           : NULL;

    return name == NULL ? NVC_OK : moved(session, name);
}

static bool may_have_passed(struct session *session, const char *path, int links);

static bool
target_may_have_passed(struct session *session, const char *path, int links)
{
    const char *target = target_of(session, path, links);

    return target == NULL || may_have_passed(session, target, links + 1);
}

enum part {
    PART_SAME,
    PART_PASSED, /* may have been something else */
    PART_MISSING
};

/* `above` is what the part lies in, and then the part itself. */
static enum part
look_at_part(struct session *session, const char *path, int links, struct stat *above)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return is_since(above, session->begin_ns) ? PART_PASSED : PART_MISSING;
    if (has_moved(&info, session->begin_ns) ||
        (S_ISLNK(info.st_mode) && target_may_have_passed(session, path, links)))
        return PART_PASSED;
    return stat(path, above) == 0 ? PART_SAME : PART_MISSING;
}

/* Nobody watched: can there have been something else for a time?  Of each part of the
 * name, and of where it leads: was a link pointed, a directory renamed, or the directory
 * changed in which the part is missing? */
static bool
may_have_passed(struct session *session, const char *path, int links)
{
    struct way way = way_along(session, path, 0);
    struct stat above = {0};

    while (way_next(&way)) {
        const enum part part = look_at_part(session, way.path, links, &above);

        if (part != PART_SAME)
            return part == PART_PASSED;
    }
    return links == 0 && is_since(&above, session->begin_ns);
}

/* Inotify tells of what happens in the directories that are searched and in those above
 * them, but not where a link in one of them leads. */
static bool
may_have_passed_behind_links(struct session *session, const char *path)
{
    struct way way = way_along(session, path, 0);
    struct stat info;

    while (way_next(&way) && lstat(way.path, &info) == 0)
        if (S_ISLNK(info.st_mode) && target_may_have_passed(session, way.path, 0))
            return true;
    return false;
}

static bool
may_be_unseen(struct session *session, const char *dir)
{
    struct stat info;

    if (session->vigil == NULL)
        return may_have_passed(session, dir, 0);
    if (stat(dir, &info) == 0 && is_since(&info, session->begin_ns) &&
        !vigil_covers(session->vigil, dir, NULL))
        return true;
    return may_have_passed_behind_links(session, dir);
}

/* Links and what is not there are not told from what is asked for. */
static bool
can_be_asked(const struct closure *closure, const char *dir)
{
    struct stat info;

    return lstat(dir, &info) != 0 || !S_ISDIR(info.st_mode) ||
           asked_can_be_in(closure, dir);
}

/* What is in the searched directories is recorded as it is now.  An output of this or
 * another compile changes them too, so only names that matter are looked at. */
static enum nvc_status
check_searched(struct session *session, const struct closure *closure)
{
    for (size_t i = 0; i < closure->watched.n; i++) {
        const char *dir = closure->watched.v[i];
        const char *appeared;
        struct stat info;

        /* A header that came and went would be in the list, unless nobody included it. */
        if (closure->asks && may_be_unseen(session, dir) && can_be_asked(closure, dir))
            return unwatched(session, dir);
        if (stat(dir, &info) != 0 || !is_since(&info, session->begin_ns))
            continue;
        if (name_has_moved(dir, session->begin_ns))
            return moved(session, dir);
        appeared = find_appeared(session, closure, dir);
        if (appeared != NULL)
            return moved(session, appeared);
    }
    return check_passing(session, closure);
}

enum nvc_status
steady_check(struct session *session, const struct closure *closure)
{
    enum nvc_status st = check_options_files(session);

    if (st == NVC_OK)
        st = check_toolchain(session);
    if (st == NVC_OK)
        st = check_places(session, closure);
    if (st == NVC_OK)
        st = check_searched(session, closure);
    return st;
}
