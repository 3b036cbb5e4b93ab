/* What the last pass reads besides what is listed.
 *
 * That pass compiles the code that cudafe++ made.  It is not CUDA any more: __CUDACC__
 * and the command's own macros are gone, so headers that all passes read may show it
 * other text, and include other files.  Which of them it reads is followed from the names
 * that it begins with, through every header that is mentioned, read or not.
 *
 * The names were found by comparing the files that a compile opens (strace) with the list
 * that -MD writes: the same five with CUDA 11.8, 12.4, 13.0 and 13.5, with and without
 * -rdc, -G, -dlto and -ewp.  tests/e2e/t270_hidden_lookups.sh has a case for those that a
 * user can shadow.
 *
 * Must never leave out a file of the user's.  Of the toolkit's and the system's own,
 * whose texts go together, what is mentioned is enough to follow, and no reason to list
 * it. */

#include "unlisted_priv.h"

#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/nvcc/command.h"
#include "nvcache/nvcc/scan.h"
#include "searchpath_priv.h"
#include "session_priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

const char *const unlisted_names[] = {"crt/host_runtime.h", "crt/storage_class.h",
                                      "crt/func_macro.h", "fatbinary_section.h",
                                      "math_constants.h"};
const size_t unlisted_names_n = sizeof(unlisted_names) / sizeof(unlisted_names[0]);

struct finder {
    const struct session *session;
    const struct search *search;
    struct strlist others;     /* directories of the toolkit and the system */
    struct strlist reached;    /* files, in the order in which they are met */
    struct name_set *files;    /* the same; and the names that have been looked for */
    struct name_set *names[2]; /* by `adds` */
    size_t n_first;            /* so many of `reached` the pass begins with */
    bool has_own;              /* could anything be the user's? */
    const char *dir;           /* of the file being scanned */
    bool adds;                 /* does what it includes have to be listed? */
    struct buf text;           /* of the file being scanned */
    struct hasher hasher;
    struct last_pass *out;
};

static bool
is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool
is_own(const struct finder *finder, const char *path)
{
    return !searchpath_is_below(&finder->others, path);
}

static void
reach(struct finder *finder, char *path)
{
    if (names_add(finder->files, SCAN_ANGLE, NULL, path, strlen(path)))
        strlist_add(&finder->reached, path);
    if ((finder->adds || is_own(finder, path)) && !strlist_has(&finder->out->files, path))
        strlist_add(&finder->out->files, path);
}

/* dir/name, if that is a file. */
static bool
reach_in(struct finder *finder, const char *dir, const char *name)
{
    struct arena *arena = finder->session->arena;
    char *path =
        path_clean(arena, path_is_absolute(name) ? name : path_join(arena, dir, name));

    if (!is_file(path))
        return false;
    reach(finder, path);
    return true;
}

/* All that a name can mean: which one it does depends on who asks, and in which quotes.
 */
static void
reach_name(struct finder *finder, const char *name, bool is_next)
{
    bool is_found = false;

    for (size_t i = 0; i < finder->search->n_chain; i++) {
        const char *dir = finder->search->chain[i];
        const bool is_others = dir != NULL && !is_own(finder, dir);

        if (dir == NULL || (is_others && is_found && !is_next))
            continue;
        is_found |= reach_in(finder, dir, name) && is_others;
    }
}

static void
on_name(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    struct finder *finder = arg;
    const char *name;

    if (kind >= SCAN_MACRO ||
        !names_add(finder->names[finder->adds], kind, finder->dir, text, len))
        return;
    name = arena_strndup(finder->session->arena, text, len);
    if (kind == SCAN_QUOTE)
        (void)reach_in(finder, finder->dir, name);
    reach_name(finder, name, kind == SCAN_NEXT);
}

static bool
read_file(struct finder *finder, const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    struct stamp stamp;
    struct digest digest;

    buf_clear(&finder->text);
    if (fd < 0 || fstat(fd, &info) != 0 ||
        fs_read_fd(fd, FILEDIGEST_MAX_SIZE, &finder->text) != NVC_OK)
        return false;
    stamp = stamp_of(&info);
    filedigest_of_read(finder->session->memo, &stamp, clock_file_ns(), finder->text.data,
                       finder->text.len, &digest);
    hasher_digest(&finder->hasher, &digest);
    return true;
}

static void
follow(struct finder *finder, size_t i)
{
    const char *path = finder->reached.v[i];
    unsigned flags;

    if (!read_file(finder, path))
        return; /* whoever reads the list will see that too */
    finder->dir = path_dir(finder->session->arena, path);
    finder->adds = is_own(finder, path) || i < finder->n_first;
    if (!finder->adds && !finder->has_own)
        return;
    flags = scan_text((const char *)finder->text.data, finder->text.len, on_name, finder);
    if ((flags & SCAN_COMPUTED) && is_own(finder, path))
        finder->out->is_known = false;
}

/* What the host compiler is told to include first, it includes in all passes. */
static void
reach_preincluded(struct finder *finder)
{
    struct arena *arena = finder->session->arena;
    struct command_item *items;
    const size_t n = command_items(arena, &finder->session->command, &items);

    for (size_t i = 0; i < n; i++) {
        const char *label = items[i].label;

        if (!str_equal(label, "--compiler-options -include") &&
            !str_equal(label, "--compiler-options -imacros"))
            continue;
        finder->has_own = true;
        (void)reach_in(finder, ".", items[i].text);
        reach_name(finder, items[i].text, false);
    }
}

static bool
has_own_dirs(const struct finder *finder)
{
    for (size_t i = 0; i < finder->search->n_chain; i++)
        if (finder->search->chain[i] != NULL && is_own(finder, finder->search->chain[i]))
            return true;
    return false;
}

static struct last_pass *
find(const struct session *session)
{
    struct search search = {0};
    struct arena *arena = session->arena;
    struct last_pass *out = arena_alloc(arena, sizeof(*out));
    struct finder finder = {.session = session, .search = &search, .out = out};

    searchpath_build(session, &search);
    searchpath_others(session, &finder.others);
    strlist_init(&finder.reached, arena);
    finder.files = names_new(arena);
    finder.names[false] = names_new(arena);
    finder.names[true] = names_new(arena);
    finder.has_own = has_own_dirs(&finder);
    hasher_init(&finder.hasher, "nvcache last pass v2");
    strlist_init(&out->files, arena);
    out->is_known = finder.adds = true;
    for (size_t i = 0; i < unlisted_names_n; i++)
        reach_name(&finder, unlisted_names[i], false);
    reach_preincluded(&finder);
    finder.n_first = finder.reached.n;
    for (size_t i = 0; i < finder.reached.n; i++)
        follow(&finder, i);
    hasher_final(&finder.hasher, &out->contents);
    buf_fini(&finder.text);
    return out;
}

bool
unlisted_headers(const struct session *session, struct strlist *paths)
{
    const struct last_pass *pass =
        session->last_pass != NULL ? session->last_pass : find(session);

    for (size_t i = 0; i < pass->files.n; i++)
        strlist_add(paths, pass->files.v[i]);
    return pass->is_known;
}

void
unlisted_look(struct session *session)
{
    session->last_pass = find(session);
}

bool
unlisted_hash(const struct session *session, struct hasher *hasher)
{
    hasher_digest(hasher, &session->last_pass->contents);
    return session->last_pass->is_known;
}
