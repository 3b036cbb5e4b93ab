/* Watched directories.  Must never call a directory the same by its time stamp alone when
 * what it held under that stamp was not read once. */

#include "watched_priv.h"

#include "listing_priv.h"
#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/memo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SEED_GROUP = 7
};

void
watched_stamp(struct arena *arena, struct watched *watched)
{
    watched->stamps = arena_array(arena, watched->n, sizeof(*watched->stamps));
    for (size_t i = 0; i < watched->n; i++) {
        struct stat info;

        if (stat(watched->paths[i], &info) == 0)
            watched->stamps[i] = stamp_of(&info);
    }
}

/* ---- a group ---- */

static void
hash_one(struct arena *arena, struct listings *listings, const struct watched *watched,
         size_t i, struct hasher *hasher)
{
    const char *path = watched->paths[i];
    struct stat info;
    const bool exists = stat(path, &info) == 0;

    hasher_u64(hasher, exists ? info.st_mode & S_IFMT : 0);
    if (exists && S_ISDIR(info.st_mode))
        listing_hash(arena, listings_get(listings, path), watched->names, hasher);
}

static struct checksum
group_key(const struct watched *watched, size_t from, size_t to)
{
    const struct nameset *names = watched->names;
    const uint64_t seed =
        checksum64(names->hashes, names->n * sizeof(*names->hashes), SEED_GROUP);

    return checksum128(watched->stamps + from, (to - from) * sizeof(struct stamp), seed);
}

static bool
is_settled(const struct watched *watched, size_t from, size_t to, int64_t now_ns)
{
    for (size_t i = from; i < to; i++)
        if (!stamp_is_settled(&watched->stamps[i], now_ns))
            return false;
    return true;
}

static void
group_digest(struct arena *arena, struct listings *listings,
             const struct watched *watched, size_t from, size_t to, struct memo *memo,
             int64_t now_ns, struct digest *out)
{
    const struct checksum key = group_key(watched, from, to);
    struct hasher hasher;

    if (memo_get(memo, key, out))
        return;
    hasher_init(&hasher, "nvcache watched v3");
    for (size_t i = from; i < to; i++)
        hash_one(arena, listings, watched, i, &hasher);
    hasher_final(&hasher, out);
    if (is_settled(watched, from, to, now_ns))
        memo_put(memo, key, out);
}

/* ---- all ---- */

struct identity {
    const struct stamp *stamp;
    size_t at;
};

static int
compare_identities(const void *a, const void *b)
{
    const struct identity *x = a;
    const struct identity *y = b;

    if (x->stamp->ino != y->stamp->ino)
        return x->stamp->ino < y->stamp->ino ? -1 : 1;
    if (x->stamp->dev != y->stamp->dev)
        return x->stamp->dev < y->stamp->dev ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* Which of them are one directory: that decides where it counts on the search path. */
static void
hash_pattern(struct arena *arena, const struct watched *watched, struct hasher *hasher)
{
    struct identity *all = arena_array(arena, watched->n, sizeof(*all));

    for (size_t i = 0; i < watched->n; i++)
        all[i] = (struct identity){&watched->stamps[i], i};
    if (watched->n > 1)
        qsort(all, watched->n, sizeof(*all), compare_identities);
    for (size_t i = 1; i < watched->n; i++) {
        const struct identity *x = &all[i - 1];
        const struct identity *y = &all[i];

        if (x->stamp->ino != y->stamp->ino || x->stamp->dev != y->stamp->dev)
            continue;
        hasher_u64(hasher, x->at);
        hasher_u64(hasher, y->at);
    }
}

void
watched_digest(struct arena *arena, struct listings *listings,
               const struct watched *watched, struct memo *memo, int64_t now_ns,
               struct digest *out)
{
    struct digest busy;
    struct digest quiet;
    struct hasher hasher;

    group_digest(arena, listings, watched, 0, watched->n_busy, memo, now_ns, &busy);
    group_digest(arena, listings, watched, watched->n_busy, watched->n, memo, now_ns,
                 &quiet);
    hasher_init(&hasher, "nvcache seen v2");
    hasher_digest(&hasher, &busy);
    hasher_digest(&hasher, &quiet);
    hash_pattern(arena, watched, &hasher);
    hasher_final(&hasher, out);
}

/* ---- news ---- */

static const char *
news_in(struct arena *arena, const struct listing *listing, const struct watched *watched,
        int64_t moment_ns)
{
    size_t n;
    const struct listing_name **found =
        listing_relevant(arena, listing, watched->names, &n);

    for (size_t i = 0; i < n; i++) {
        char *path = path_join(arena, listing->path, found[i]->name);
        struct stat info;
        struct stamp stamp;

        if (lstat(path, &info) != 0)
            continue;
        stamp = stamp_of(&info);
        if (!S_ISDIR(info.st_mode) && stamp_is_since(&stamp, moment_ns) &&
            (watched->search == NULL || names_have_part(watched->search, found[i]->name)))
            return path;
    }
    return NULL;
}

const char *
watched_since(struct arena *arena, struct listings *listings,
              const struct watched *watched, int64_t moment_ns)
{
    for (size_t i = 0; i < watched->n; i++) {
        const char *news;

        if (watched->stamps[i].ino == 0 ||
            !stamp_is_since(&watched->stamps[i], moment_ns))
            continue;
        news =
            news_in(arena, listings_get(listings, watched->paths[i]), watched, moment_ns);
        if (news != NULL)
            return news;
    }
    return NULL;
}
