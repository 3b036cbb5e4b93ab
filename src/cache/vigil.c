/* Watching the search path while the compiler runs.  Must never say that nothing happened
 * where it could not look. */

#include "vigil_priv.h"

#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/threads.h"
#include "listing_priv.h"
#include "searchpath_priv.h"
#include "session_priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WATCHES_MAX = 4096,
    EVENTS_SIZE = 65536
};

static const uint32_t changes =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

/* One directory can be watched for several reasons. */
struct watch {
    int wd;
    const char *next; /* the part of a searched directory's name that lies in this one;
                         NULL: this one is searched itself */
    uint64_t dev;
    uint64_t ino;
};

struct vigil {
    struct arena *arena;
    int fd;
    struct watch *watches;
    size_t n;
};

static bool
is_known(const struct vigil *vigil, int wd, const char *next)
{
    for (size_t i = 0; i < vigil->n; i++) {
        const struct watch *watch = &vigil->watches[i];

        if (watch->wd == wd && (watch->next == NULL) == (next == NULL) &&
            (next == NULL || str_equal(watch->next, next)))
            return true;
    }
    return false;
}

/* What is not there is seen to appear by the watch on the directory above it. */
static bool
add(struct vigil *vigil, const char *dir, const char *next)
{
    const int wd = inotify_add_watch(vigil->fd, dir, changes);
    struct stat info = {0};

    if (wd < 0)
        return errno == ENOENT || errno == ENOTDIR;
    if (is_known(vigil, wd, next))
        return true;
    if (vigil->n == WATCHES_MAX || stat(dir, &info) != 0)
        return false;
    vigil->watches[vigil->n++] =
        (struct watch){.wd = wd, .next = next, .dev = info.st_dev, .ino = info.st_ino};
    return true;
}

/* The directory, and each above it for the next part of the name. */
static bool
add_path(struct vigil *vigil, const char *path)
{
    char *dir = arena_strdup(vigil->arena, path);
    bool ok = add(vigil, path, NULL);

    for (char *slash; ok && (slash = strrchr(dir, '/')) != NULL && slash[1] != '\0';) {
        const char *next = arena_strdup(vigil->arena, slash + 1);

        slash[slash == dir] = '\0';
        ok = add(vigil, dir, next);
    }
    return ok;
}

static bool
add_searched(struct vigil *vigil, const struct session *session, const char *name)
{
    const char *path =
        path_clean(vigil->arena, path_join(vigil->arena, session->cwd, name));
    const char *real = fs_realpath(vigil->arena, path);

    return add_path(vigil, path) &&
           (real == NULL || str_equal(real, path) || add_path(vigil, real));
}

static bool
add_all(struct vigil *vigil, const struct session *session)
{
    struct search search = {0};
    bool ok =
        add_searched(vigil, session, ".") &&
        add_searched(vigil, session, path_dir(vigil->arena, session->command.source)) &&
        add(vigil, "/", NULL); /* names that are whole paths are looked for there */

    searchpath_build(session, &search);
    for (size_t i = 0; i < search.n_chain && ok; i++)
        ok = add_searched(vigil, session, search.chain[i]);
    return ok;
}

void
vigil_begin(struct session *session)
{
    struct vigil *vigil = arena_alloc(session->arena, sizeof(*vigil));

    vigil_end(session);
    vigil->arena = session->arena;
    vigil->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (vigil->fd < 0) {
        log_event("vigil", "status=%s", status_word(status_from_errno(errno)));
        return;
    }
    vigil->watches = arena_array(session->arena, WATCHES_MAX, sizeof(*vigil->watches));
    session->vigil = vigil;
    if (!add_all(vigil, session)) {
        log_event("vigil", "status=%s", status_word(NVC_ERR_LIMIT));
        vigil_end(session);
    }
}

/* The kernel waits until nobody can be going through the watches: up to 20 ms (Linux
 * 6.18). */
static void
close_watches(struct vigil *vigil)
{
    if (vigil->fd >= 0)
        threads_close(vigil->fd);
    vigil->fd = -1;
}

void
vigil_end(struct session *session)
{
    if (session->vigil != NULL)
        close_watches(session->vigil);
    session->vigil = NULL;
}

bool
vigil_covers(const struct vigil *vigil, const char *dir, const char *name)
{
    struct stat info;

    if (vigil == NULL || stat(dir, &info) != 0)
        return false;
    for (size_t i = 0; i < vigil->n; i++) {
        const struct watch *watch = &vigil->watches[i];

        if (watch->dev == info.st_dev && watch->ino == info.st_ino &&
            (watch->next == NULL || (name != NULL && str_equal(watch->next, name))))
            return true;
    }
    return false;
}

static bool
matters(const struct vigil *vigil, int wd, const char *name, const struct nameset *names,
        const struct search *search)
{
    for (size_t i = 0; i < vigil->n; i++) {
        const struct watch *watch = &vigil->watches[i];

        if (watch->wd == wd && (watch->next != NULL ? str_equal(watch->next, name)
                                                    : listing_matters(names, name) &&
                                                          names_have_part(search, name)))
            return true;
    }
    return false;
}

static const char *
find(const struct vigil *vigil, const struct nameset *names, const struct search *search)
{
    char *events = arena_alloc(vigil->arena, EVENTS_SIZE);
    ssize_t n;

    while ((n = read(vigil->fd, events, EVENTS_SIZE)) > 0)
        for (char *at = events; at < events + n;) {
            struct inotify_event event;
            const char *name = at + sizeof(event);

            memcpy(&event, at, sizeof(event));
            if ((event.mask & IN_Q_OVERFLOW) != 0)
                return "too many changes";
            if (event.len > 0 && matters(vigil, event.wd, name, names, search))
                return arena_strdup(vigil->arena, name);
            at += sizeof(event) + event.len;
        }
    return n < 0 && errno == EAGAIN ? NULL : "inotify";
}

const char *
vigil_find(struct vigil *vigil, const struct nameset *names, const struct search *search)
{
    const char *name = find(vigil, names, search);

    close_watches(vigil);
    return name;
}
