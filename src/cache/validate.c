/* Validation of a manifest against the files of the current command.
 *
 * All inputs are stat'ed once.  One checksum over the stamps, looked up in the memo, says
 * "these very stamps have been checked against this manifest before"; only when it does
 * not are contents compared.  The searched directories have a checksum of their own,
 * because they change more often (a build writes its outputs somewhere).
 *
 * Must never accept on a time stamp alone what was not compared by contents once. */

#include "validate_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/digest/memo.h"
#include "headers_priv.h"
#include "session_priv.h"
#include "ties_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SEED_FILES = 3,
    SEED_WATCHED = 4,
    SEED_GROUP = 1000
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

/* Build each path in one buffer: this loop is most of a hit. */
static enum nvc_status
stamp_files(struct validation *v)
{
    char path[2 * PLACE_MAX];
    uint32_t dir = UINT32_MAX;
    size_t base = 0;

    v->stamps = arena_array(v->session->arena, v->manifest->n_files, sizeof(*v->stamps));
    for (size_t i = 0; i < v->manifest->n_files; i++) {
        const struct manifest_file *file = &v->manifest->files[i];
        const size_t len = strlen(file->name);
        struct stat info;

        if (file->dir != dir) {
            dir = file->dir;
            base = strlen(v->dirs[dir]);
            if (base + 2 > PLACE_MAX)
                return miss(v, NVC_MISS_GONE, v->dirs[dir]);
            memcpy(path, v->dirs[dir], base);
            if (base > 0 && path[base - 1] != '/')
                path[base++] = '/';
        }
        memcpy(path + base, file->name, len + 1);
        if (stat(path, &info) != 0)
            return miss(v, NVC_MISS_GONE, file_path(v, i));
        v->stamps[i] = stamp_of(&info);
    }
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

static enum nvc_status
compare_contents(const struct validation *v)
{
    for (size_t i = 0; i < v->manifest->n_files; i++) {
        const char *path = file_path(v, i);
        struct digest digest;
        const enum nvc_status st =
            filedigest_get(v->session->memo, path, &v->stamps[i], v->now_ns, &digest);

        if (st != NVC_OK)
            return miss(v, NVC_MISS_GONE, path);
        if (!digest_equal(&digest, &v->manifest->files[i].digest))
            return miss(v, NVC_MISS_INPUT, path);
    }
    return NVC_OK;
}

/* The memo's key for "these stamps, against this manifest". */
static struct checksum
stamps_key(const struct validation *v, const struct stamp *stamps, size_t n,
           uint64_t seed)
{
    return checksum128(stamps, n * sizeof(*stamps),
                       seed ^ checksum64(v->manifest->result.bytes, DIGEST_SIZE, 0));
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

/* A directory that is not there has a stamp of zeros: when it appears, that changes. */
static struct stamp *
stamp_watched(const struct validation *v)
{
    const struct manifest *manifest = v->manifest;
    struct arena *arena = v->session->arena;
    struct stamp *stamps = arena_array(arena, manifest->n_watched, sizeof(*stamps));

    for (size_t i = 0; i < manifest->n_watched; i++) {
        const char *path = roots_path(&v->session->roots, arena, &manifest->watched[i]);
        struct stat info;

        if (path != NULL && stat(path, &info) == 0)
            stamps[i] = stamp_of(&info);
    }
    return stamps;
}

/* Were the same directories read as when the run was recorded?  One that is new would not
 * be watched, and what appears in it later would not be seen. */
static bool
is_same_watched(const struct validation *v, const struct strlist *now, size_t group)
{
    const struct watch_group *members = &v->manifest->groups[group];

    if (now->n != members->n)
        return false;
    for (size_t i = 0; i < now->n; i++) {
        const struct place *place = &v->manifest->watched[members->watched[i]];
        const char *then = roots_path(&v->session->roots, v->session->arena, place);
        size_t k = 0;

        while (then != NULL && k < now->n && !str_equal(now->v[k], then))
            k++;
        if (then == NULL || k == now->n)
            return false;
    }
    return true;
}

/* What the search of one group finds now, and what it found then. */
static enum nvc_status
search_group(const struct validation *v, size_t group, struct strlist *watched,
             struct digest *now, struct digest *then)
{
    const struct watch_group *members = &v->manifest->groups[group];
    struct arena *arena = v->session->arena;
    struct search_record chain;
    struct search_quotes quotes;
    enum nvc_status st;

    if (group == 0) {
        st = search_chain_decode(arena, members->record, members->record_len, &chain);
        if (st != NVC_OK)
            return st;
        headers_in_chain(arena, &v->session->roots, &chain, now, watched);
        *then = chain.found;
        return NVC_OK;
    }
    st = search_quotes_decode(arena, members->record, members->record_len, &quotes);
    if (st != NVC_OK)
        return st;
    headers_in_quotes(arena, &v->session->roots, &quotes, now, watched);
    *then = quotes.found;
    return NVC_OK;
}

/* Look again where one group's directories have changed. */
static enum nvc_status
check_found(const struct validation *v, size_t group)
{
    struct strlist watched;
    struct digest now;
    struct digest then;

    strlist_init(&watched, v->session->arena);
    if (search_group(v, group, &watched, &now, &then) != NVC_OK)
        return miss(v, NVC_MISS_LOST, "damaged search record");
    if (!digest_equal(&now, &then) || !is_same_watched(v, &watched, group))
        return miss(v, NVC_MISS_SEARCH, "header search path");
    return NVC_OK;
}

/* The stamps of one group together. */
static struct stamp *
group_stamps(const struct validation *v, const struct stamp *all, size_t group)
{
    const struct watch_group *members = &v->manifest->groups[group];
    struct stamp *stamps = arena_array(v->session->arena, members->n, sizeof(*stamps));

    for (size_t i = 0; i < members->n; i++)
        stamps[i] = all[members->watched[i]];
    return stamps;
}

static enum nvc_status
check_group(const struct validation *v, const struct stamp *all, size_t group)
{
    const size_t n = v->manifest->groups[group].n;
    const struct stamp *stamps = group_stamps(v, all, group);
    const struct checksum key = stamps_key(v, stamps, n, SEED_GROUP + group);
    enum nvc_status st;

    if (is_known(v, key))
        return NVC_OK;
    st = check_found(v, group);
    if (st == NVC_OK && all_settled(stamps, n, v->now_ns))
        memo_put(v->session->memo, key, &v->manifest->result);
    return st;
}

static enum nvc_status
check_search(const struct validation *v)
{
    const size_t n = v->manifest->n_watched;
    const struct stamp *stamps = stamp_watched(v);
    const struct checksum key = stamps_key(v, stamps, n, SEED_WATCHED);
    enum nvc_status st = NVC_OK;

    if (is_known(v, key))
        return NVC_OK;
    for (size_t group = 0; group < v->manifest->n_groups && st == NVC_OK; group++)
        st = check_group(v, stamps, group);
    if (st == NVC_OK && all_settled(stamps, n, v->now_ns))
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
