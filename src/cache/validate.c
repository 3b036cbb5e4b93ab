/* Validation of a manifest against the files of the current command.
 *
 * All inputs are stat'ed once.  One checksum over the stamps, looked up in the memo, says
 * "these very stamps have been checked against this manifest before"; only when it does
 * not are contents compared.  The searched directories have a checksum of their own,
 * because they change more often (a build writes its outputs somewhere); what counts in
 * them then is a digest of the names that any input mentions, and only when that differs
 * too are headers searched as they were after the compile; what that says is remembered.
 *
 * Must never accept on a time stamp alone what was not compared by contents once. */

#include "validate_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/threads.h"
#include "nvcache/digest/filebatch.h"
#include "nvcache/digest/memo.h"
#include "listing_priv.h"
#include "session_priv.h"
#include "ties_priv.h"
#include "watched_priv.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SEED_FILES = 3,
    SEED_WATCHED = 4,
    SEED_SEEN = 8,

    STATS_AT_ONCE = 64,
    STATS_PER_HELPER = 256 /* starting one costs what about 50 do */
};

struct validation {
    struct session *session;
    const struct manifest *manifest;
    const char **dirs;    /* paths of manifest->dirs now */
    struct stamp *stamps; /* of manifest->files */
    int64_t now_ns;
};

static const char *
file_path(const struct validation *v, size_t i)
{
    const struct manifest_file *file = &v->manifest->files[i];

    return path_join(v->session->arena, v->dirs[file->dir], file->name);
}

static enum nvc_status
miss(const struct validation *v, enum nvc_status why, const char *culprit)
{
    v->session->culprit = culprit;
    return why;
}

static enum nvc_status
resolve_dirs(struct validation *v)
{
    struct arena *arena = v->session->arena;

    v->dirs = arena_array(arena, v->manifest->n_dirs, sizeof(char *));
    for (size_t i = 0; i < v->manifest->n_dirs; i++) {
        v->dirs[i] = roots_path(&v->session->roots, arena, &v->manifest->dirs[i]);
        if (v->dirs[i] == NULL)
            return miss(v, NVC_MISS_PATH, v->manifest->dirs[i].rest);
    }
    return NVC_OK;
}

/* The stat of all files, by several threads where there are many. */
struct stamping {
    const struct validation *v;
    atomic_size_t next;
    atomic_size_t gone; /* a file that is not there; the first of those found */
};

static void
note_gone(struct stamping *stamping, size_t i)
{
    size_t first = atomic_load(&stamping->gone);

    while (i < first && !atomic_compare_exchange_weak(&stamping->gone, &first, i))
        continue;
}

/* Build each path in one buffer: this loop is most of a hit.  False: file *at is not
 * there. */
static bool
stamp_range(const struct validation *v, size_t *at, size_t end)
{
    char path[2 * PLACE_MAX];
    uint32_t dir = UINT32_MAX;
    size_t base = 0;

    for (; *at < end; (*at)++) {
        const struct manifest_file *file = &v->manifest->files[*at];
        const size_t len = strlen(file->name);
        struct stat info;

        if (file->dir != dir) {
            dir = file->dir;
            base = strlen(v->dirs[dir]);
            if (base + 2 > PLACE_MAX)
                return false;
            memcpy(path, v->dirs[dir], base);
            if (base > 0 && path[base - 1] != '/')
                path[base++] = '/';
        }
        memcpy(path + base, file->name, len + 1);
        if (stat(path, &info) != 0)
            return false;
        v->stamps[*at] = stamp_of(&info);
    }
    return true;
}

static void
stamp_some(void *arg)
{
    struct stamping *stamping = arg;
    const size_t n = stamping->v->manifest->n_files;
    size_t at;

    while ((at = atomic_fetch_add(&stamping->next, STATS_AT_ONCE)) <
           atomic_load(&stamping->gone)) {
        const size_t end = at + STATS_AT_ONCE < n ? at + STATS_AT_ONCE : n;

        if (!stamp_range(stamping->v, &at, end))
            note_gone(stamping, at);
    }
}

static enum nvc_status
stamp_files(struct validation *v)
{
    const size_t n = v->manifest->n_files;
    struct stamping stamping = {.v = v, .gone = n};

    v->stamps = arena_array(v->session->arena, n, sizeof(*v->stamps));
    threads_share(stamp_some, &stamping, threads_worth(n, STATS_PER_HELPER));
    if (stamping.gone < n)
        return miss(v, NVC_MISS_GONE, file_path(v, stamping.gone));
    return NVC_OK;
}

static bool
all_settled(const struct stamp *stamps, size_t n, int64_t now_ns)
{
    for (size_t i = 0; i < n; i++)
        if (!stamp_is_settled(&stamps[i], now_ns))
            return false;
    return true;
}

static struct filebatch_item *
digest_files(const struct validation *v)
{
    const size_t n = v->manifest->n_files;
    struct filebatch_item *items = arena_array(v->session->arena, n, sizeof(*items));

    for (size_t i = 0; i < n; i++)
        items[i] =
            (struct filebatch_item){.path = file_path(v, i), .stamp = &v->stamps[i]};
    filebatch_get(v->session->memo, items, n, v->now_ns);
    return items;
}

/* The marks find the file that differs; only all digests together say that none does. */
static enum nvc_status
compare_contents(const struct validation *v)
{
    const struct filebatch_item *items = digest_files(v);
    struct hasher hasher;
    struct digest inputs;

    hasher_init(&hasher, MANIFEST_INPUTS);
    for (size_t i = 0; i < v->manifest->n_files; i++) {
        if (items[i].status != NVC_OK)
            return miss(v, NVC_MISS_GONE, items[i].path);
        if (manifest_mark(&items[i].digest) != v->manifest->files[i].mark)
            return miss(v, NVC_MISS_INPUT, items[i].path);
        hasher_digest(&hasher, &items[i].digest);
    }
    hasher_final(&hasher, &inputs);
    return digest_equal(&inputs, &v->manifest->inputs)
               ? NVC_OK
               : miss(v, NVC_MISS_INPUT, "an input");
}

/* The memo's key for "this was found right for this manifest". */
static struct checksum
manifest_key(const struct validation *v, const void *data, size_t len, uint64_t seed)
{
    return checksum128(data, len,
                       seed ^ checksum64(v->manifest->result.bytes, DIGEST_SIZE, 0));
}

static struct checksum
stamps_key(const struct validation *v, const struct stamp *stamps, size_t n,
           uint64_t seed)
{
    return manifest_key(v, stamps, n * sizeof(*stamps), seed);
}

static bool
is_known(const struct validation *v, struct checksum key)
{
    struct digest digest;

    return memo_get(v->session->memo, key, &digest) &&
           digest_equal(&digest, &v->manifest->result);
}

static enum nvc_status
check_files(struct validation *v)
{
    const size_t n = v->manifest->n_files;
    struct checksum key;
    enum nvc_status st = stamp_files(v);

    if (st != NVC_OK)
        return st;
    key = stamps_key(v, v->stamps, n, SEED_FILES);
    if (is_known(v, key))
        return NVC_OK;
    st = compare_contents(v);
    if (st == NVC_OK && all_settled(v->stamps, n, v->now_ns))
        memo_put(v->session->memo, key, &v->manifest->result);
    return st;
}

/* All that is read is read where the current command would read it. */
static enum nvc_status
resolve_watched(const struct validation *v, struct watched *out)
{
    const struct manifest *manifest = v->manifest;
    struct arena *arena = v->session->arena;

    *out =
        (struct watched){.paths = arena_array(arena, manifest->n_watched, sizeof(char *)),
                         .n = manifest->n_watched,
                         .n_busy = manifest->n_busy,
                         .names = &manifest->names};
    for (size_t i = 0; i < out->n; i++) {
        out->paths[i] = roots_path(&v->session->roots, arena, &manifest->watched[i]);
        if (out->paths[i] == NULL)
            return miss(v, NVC_MISS_PATH, manifest->watched[i].rest);
    }
    return NVC_OK;
}

/* A name that counts has come or gone somewhere.  Whether that changes the answer is told
 * by searching again; the inputs are unchanged, so they mention the same names. */
static enum nvc_status
search_again(const struct validation *v, struct listings *listings)
{
    const size_t n = v->manifest->n_files;
    char **paths = arena_array(v->session->arena, n, sizeof(*paths));
    struct closure closure;

    log_event("lookup.search", "inputs=%zu", n);
    for (size_t i = 0; i < n; i++)
        paths[i] = (char *)(uintptr_t)file_path(v, i);
    if (closure_build(v->session, listings, paths, n, &closure) != NVC_OK ||
        closure.n != n || !digest_equal(&closure.searched, &v->manifest->searched))
        return miss(v, NVC_MISS_SEARCH, "header search path");
    return NVC_OK;
}

static enum nvc_status
look_again(const struct validation *v, const struct watched *watched)
{
    struct listings *listings = listings_new(v->session->arena);
    struct digest seen;
    struct checksum key;
    enum nvc_status st;

    watched_digest(v->session->arena, listings, watched, v->session->memo, v->now_ns,
                   &seen);
    key = manifest_key(v, seen.bytes, DIGEST_SIZE, SEED_SEEN);
    if (digest_equal(&seen, &v->manifest->seen) || is_known(v, key))
        return NVC_OK;
    st = search_again(v, listings);
    if (st == NVC_OK)
        memo_put(v->session->memo, key, &v->manifest->result);
    return st;
}

static enum nvc_status
check_search(const struct validation *v)
{
    struct watched watched;
    struct checksum key;
    enum nvc_status st = resolve_watched(v, &watched);

    if (st != NVC_OK)
        return st;
    watched_stamp(v->session->arena, &watched);
    key = stamps_key(v, watched.stamps, watched.n, SEED_WATCHED);
    if (is_known(v, key))
        return NVC_OK;
    st = look_again(v, &watched);
    if (st == NVC_OK && all_settled(watched.stamps, watched.n, v->now_ns))
        memo_put(v->session->memo, key, &v->manifest->result);
    return st;
}

enum nvc_status
validate(struct session *session, const struct manifest *manifest)
{
    struct validation v = {
        .session = session, .manifest = manifest, .now_ns = clock_file_ns()};
    enum nvc_status st = ties_check(session, manifest);

    if (st == NVC_OK)
        st = resolve_dirs(&v);
    if (st == NVC_OK)
        st = check_files(&v);
    if (st == NVC_OK)
        st = check_search(&v);
    return st;
}
