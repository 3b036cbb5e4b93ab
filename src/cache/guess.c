/* What a unit needs that nobody has compiled yet: read off the names of the headers it
 * includes, directly or through the project's own.  Measured with nvcc 13.0 for one
 * architecture.  CUTLASS's class gets a little less than the middle of 22 units of its
 * examples and of FlashAttention (1.9 to 6.4 GiB, half of them up to 4.4), because too
 * little is made good by pausing (sched/pause.c); the others the most that was seen. */

#include "memory_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/scan.h"
#include "session_priv.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)

static const struct weight {
    const char *prefix; /* of a header's name */
    uint64_t bytes;
} weights[] = {
    {"cutlass/", 3584 * MIB}, {"cute/", 3584 * MIB}, {"torch/", 3072 * MIB},
    {"ATen/", 3072 * MIB},    {"c10/", 3072 * MIB},  {"thrust/", 1280 * MIB},
    {"cub/", 1280 * MIB},
};

#define PLAIN_BYTES (1024 * MIB)

enum {
    FILES_MAX = 24,
    DIRS_MAX = 32,
    FILE_BYTES_MAX = 1 << 20
};

struct search {
    struct arena *arena;
    const struct search_dir *dirs;
    size_t n_dirs;
    struct strlist files; /* found so far; those from `done` on are not read yet */
    size_t done;
    uint64_t heaviest;
};

static void
weigh(struct search *search, const char *name)
{
    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
        if (str_starts(name, weights[i].prefix) && weights[i].bytes > search->heaviest)
            search->heaviest = weights[i].bytes;
}

static bool
add_file(struct search *search, const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    if (!strlist_has(&search->files, path))
        strlist_add_copy(&search->files, path);
    return true;
}

static void
visit(enum scan_name_kind kind, const char *name, size_t len, void *arg)
{
    struct search *const search = arg;
    const char *text;

    if (kind > SCAN_MACRO)
        return;
    text = arena_strndup(search->arena, name, len);
    weigh(search, text);
    if (kind != SCAN_QUOTE || search->files.n >= FILES_MAX)
        return;
    if (add_file(search,
                 path_join(search->arena,
                           path_dir(search->arena, search->files.v[search->done]), text)))
        return;
    for (size_t i = 0; i < search->n_dirs && i < DIRS_MAX; i++)
        if (add_file(search, path_join(search->arena, search->dirs[i].path, text)))
            return;
}

static void
read_next(struct search *search)
{
    AUTO_BUF text = BUF_INIT;

    if (fs_read(search->files.v[search->done], FILE_BYTES_MAX, &text) == NVC_OK)
        (void)scan_text((const char *)text.data, text.len, visit, search);
    search->done++;
}

void
memory_guess(void *arg, struct lease_guess *out)
{
    const struct session *const session = arg;
    struct search search = {.arena = session->arena, .heaviest = PLAIN_BYTES};
    struct search_dir *dirs;

    if (session->roots.arena != NULL) {
        search.n_dirs = command_search_dirs(session->arena, &session->command, &dirs);
        search.dirs = dirs;
        strlist_init(&search.files, session->arena);
        strlist_add_copy(&search.files, session->command.source);
        while (search.done < search.files.n && search.heaviest < weights[0].bytes)
            read_next(&search);
    }
    *out = (struct lease_guess){.bytes = search.heaviest, .class = search.heaviest};
}
