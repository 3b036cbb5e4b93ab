/* What the last pass reads besides what is listed.
 *
 * The names were found by comparing the files that a compile opens (strace) with the list
 * that -MD writes: the same five with CUDA 11.8, 12.4, 13.0 and 13.5, with and without
 * -rdc, -G, -dlto and -ewp.  tests/e2e/t270_hidden_lookups.sh has a case for those that a
 * user can shadow. */

#include "unlisted_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/nvcc/scan.h"
#include "searchpath_priv.h"
#include "session_priv.h"

#include <sys/stat.h>

const char *const unlisted_names[] = {"crt/host_runtime.h", "crt/storage_class.h",
                                      "crt/func_macro.h", "fatbinary_section.h",
                                      "math_constants.h"};
const size_t unlisted_names_n = sizeof(unlisted_names) / sizeof(unlisted_names[0]);

struct finder {
    const struct session *session;
    const struct search *search;
    struct strlist *paths;
    const char *dir; /* of the file being scanned */
};

static bool
is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool
is_listed(const struct strlist *paths, const char *path)
{
    for (size_t i = 0; i < paths->n; i++)
        if (str_equal(paths->v[i], path))
            return true;
    return false;
}

/* Add dir/name, if that is a file. */
static bool
add_in(const struct finder *finder, const char *dir, const char *name)
{
    struct arena *arena = finder->session->arena;
    char *path = path_clean(arena, path_join(arena, dir, name));

    if (!is_file(path))
        return false;
    if (!is_listed(finder->paths, path))
        strlist_add(finder->paths, path);
    return true;
}

static void
add_found(const struct finder *finder, const char *name, bool is_next)
{
    for (size_t i = 0; i < finder->search->n_chain; i++) {
        const char *dir = finder->search->chain[i];

        if (dir != NULL && add_in(finder, dir, name) && !is_next)
            return;
    }
}

static void
on_name(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    const struct finder *finder = arg;
    const char *name = arena_strndup(finder->session->arena, text, len);

    if (kind >= SCAN_MACRO)
        return;
    if (kind == SCAN_QUOTE && add_in(finder, finder->dir, name))
        return;
    add_found(finder, name, kind == SCAN_NEXT);
}

static void
follow(struct finder *finder, const char *path)
{
    AUTO_BUF text = BUF_INIT;

    if (fs_read(path, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return; /* whoever reads the list will see that too */
    finder->dir = path_dir(finder->session->arena, path);
    (void)scan_text((const char *)text.data, text.len, on_name, finder);
}

void
unlisted_headers(const struct session *session, const struct search *search,
                 struct strlist *paths)
{
    struct finder finder = {.session = session, .search = search, .paths = paths};
    size_t next = paths->n;

    for (size_t i = 0; i < unlisted_names_n; i++)
        add_found(&finder, unlisted_names[i], false);
    for (; next < paths->n; next++)
        follow(&finder, paths->v[next]);
}

static bool
is_toolkits(const struct session *session, const char *path)
{
    const struct strlist *dirs = &session->layout.normal;

    for (size_t i = 0; i < dirs->n; i++)
        if (path_below(path_clean(session->arena, dirs->v[i]), path) != NULL)
            return true;
    return false;
}

static void
hash_contents(const char *path, struct hasher *hasher)
{
    AUTO_BUF text = BUF_INIT;

    if (fs_read(path, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        hasher_str(hasher, path);
    else
        hasher_bytes(hasher, text.data, text.len);
}

void
unlisted_hash(const struct session *session, struct hasher *hasher)
{
    struct search search = {0};
    struct strlist paths;
    struct finder finder = {.session = session, .search = &search, .paths = &paths};

    strlist_init(&paths, session->arena);
    searchpath_build(session, &search);
    for (size_t i = 0; i < unlisted_names_n; i++)
        add_found(&finder, unlisted_names[i], false);
    for (size_t i = 0; i < paths.n; i++) {
        hash_contents(paths.v[i], hasher);
        if (!is_toolkits(session, paths.v[i]))
            follow(&finder, paths.v[i]);
    }
    hasher_u64(hasher, paths.n);
}
