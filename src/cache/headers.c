/* The set of headers that exist where headers are searched.  Directories are listed once
 * and compared with all names at once.
 *
 * Must never follow what is not there: a directory that cannot be read has no names. */

#include "headers_priv.h"

#include "listing_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/roots.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
    struct arena *arena;
    struct listings *listings;
    struct strlist *watched;
    struct strlist *found;
    const char **names; /* sorted */
    bool *exists;       /* out, per name */
    bool *precompiled;  /* out, per name: NAME.gch is there, and would be read instead */
    struct hasher *hasher; /* of what was found */
};

/* The compiler passes over a directory and over a link that leads nowhere.  Where a link
 * leads changes without a change in the directory: the link itself is watched. */
static bool
can_be_read(const struct walk *walk, const char *dir, const struct listing_name *entry)
{
    struct stat info;
    char *path;

    if (entry == NULL || entry->is_file)
        return entry != NULL;
    path = path_join(walk->arena, dir, entry->name);
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        strlist_add(walk->watched, path);
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static void
look_at(const struct walk *walk, const struct listing *listing, size_t i,
        const char *name)
{
    walk->exists[i] =
        can_be_read(walk, listing->path, listing_find(listing, name, strlen(name)));
    if (walk->exists[i])
        strlist_add(walk->found, path_join(walk->arena, listing->path, name));
    if (listing->has_precompiled) {
        const char *other = arena_printf(walk->arena, "%s" LISTING_PRECOMPILED, name);

        walk->precompiled[i] = listing_find(listing, other, strlen(other)) != NULL;
    }
}

/* The names from `from` on that have its first `len` characters behind `skip`: up to
 * which one?  They are sorted, so they stand together. */
static size_t
same_until(const struct walk *walk, size_t skip, size_t len, size_t from, size_t to)
{
    const char *start = walk->names[from] + skip;
    size_t low = from + 1;
    size_t high = to;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (strncmp(walk->names[middle] + skip, start, len) == 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* gcc names a header by its real path where that is shorter: a directory that becomes a
 * link, or a link that becomes a directory, gives it another name. */
static void
note_link(const struct walk *walk, const char *dir)
{
    struct stat info;

    if (lstat(dir, &info) == 0 && S_ISLNK(info.st_mode)) {
        hasher_str(walk->hasher, "a link:");
        hasher_str(walk->hasher, path_base(dir));
    }
}

/* Names [from, to) all begin with the same `skip` characters, which `dir` stands for. */
static void
walk_directory(const struct walk *walk, const char *dir, size_t skip, size_t from,
               size_t to)
{
    const struct listing *listing = listings_get(walk->listings, dir);

    strlist_add(walk->watched, (char *)(uintptr_t)listing->path);
    while (from < to) {
        const char *name = walk->names[from] + skip;
        const size_t len = strcspn(name, "/");
        size_t end;

        if (name[len] == '\0') {
            look_at(walk, listing, from++, name);
            continue;
        }
        end = same_until(walk, skip, len + 1, from, to);
        if (listing_find(listing, name, len) != NULL) {
            const char *sub =
                path_join(walk->arena, dir, arena_strndup(walk->arena, name, len));

            note_link(walk, sub);
            walk_directory(walk, sub, skip + len + 1, from, end);
        }
        from = end;
    }
}

static void
hash_found(struct hasher *hasher, uint64_t where, const struct walk *walk, size_t n)
{
    hasher_u64(hasher, where);
    for (size_t i = 0; i < n; i++) {
        if (walk->exists[i])
            hasher_str(hasher, walk->names[i]);
        if (walk->precompiled[i]) {
            hasher_str(hasher, walk->names[i]);
            hasher_str(hasher, LISTING_PRECOMPILED);
        }
    }
}

static void
look_in(const struct walk *walk, const char *dir, size_t n)
{
    memset(walk->exists, 0, n * sizeof(bool));
    memset(walk->precompiled, 0, n * sizeof(bool));
    if (n > 0)
        walk_directory(walk, dir, 0, 0, n);
}

/* Which directories of the path come again behind themselves, by this or another name:
 * one that is given as -I and as -isystem, or that the host compiler has anyway, is
 * searched in the later place only. */
static bool *
find_repeated(struct arena *arena, const char *const *dirs, size_t n)
{
    bool *repeated = arena_array(arena, n, sizeof(bool));
    struct stat *info = arena_array(arena, n, sizeof(*info));

    for (size_t i = 0; i < n; i++) {
        if (stat(dirs[i], &info[i]) != 0)
            continue;
        for (size_t k = 0; k < i; k++)
            if (info[k].st_ino == info[i].st_ino && info[k].st_dev == info[i].st_dev)
                repeated[k] = true;
    }
    return repeated;
}

/* Names that are found in one directory of the path are not looked for in the next,
 * unless an #include_next does, or this is not the place where the directory counts. */
static void
search_chain(struct walk *walk, const struct search *search, struct digest *out)
{
    const struct search_name **open =
        arena_array(walk->arena, search->n_names, sizeof(*open));
    const bool *repeated = find_repeated(walk->arena, search->chain, search->n_chain);
    size_t n = search->n_names;
    struct hasher hasher;

    walk->names = arena_array(walk->arena, n, sizeof(char *));
    for (size_t i = 0; i < n; i++)
        open[i] = &search->names[i];
    walk->hasher = &hasher;
    hasher_init(&hasher, "nvcache search v3");
    for (size_t k = 0; k < search->n_chain; k++) {
        size_t left = 0;

        for (size_t i = 0; i < n; i++)
            walk->names[i] = open[i]->name;
        look_in(walk, search->chain[k], n);
        hash_found(&hasher, k, walk, n);
        for (size_t i = 0; i < n; i++)
            if (!walk->exists[i] || open[i]->is_next || repeated[k])
                open[left++] = open[i];
        n = left;
    }
    hasher_final(&hasher, out);
}

static void
search_beside(struct walk *walk, const struct roots *roots, const struct search *search,
              const struct search_quotes *quotes, struct digest *out)
{
    const struct place place = roots_place(roots, quotes->dir);
    struct hasher hasher;

    walk->hasher = &hasher;
    hasher_init(&hasher, "nvcache quotes v3");
    hasher_u64(&hasher, place.kind);
    hasher_u64(&hasher, place.index);
    hasher_str(&hasher, place.rest);
    walk->names = quotes->names;
    look_in(walk, quotes->dir, quotes->n);
    hash_found(&hasher, 0, walk, quotes->n);
    if (quotes->has_computed) {
        walk->names = search->beside;
        look_in(walk, quotes->dir, search->n_beside);
        hash_found(&hasher, 1, walk, search->n_beside);
    }
    hasher_final(&hasher, out);
}

static int
compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, DIGEST_SIZE);
}

/* In an order that does not depend on where the directories are. */
static void
combine(struct digest *parts, size_t n, struct digest *out)
{
    struct hasher hasher;

    if (n > 1)
        qsort(parts, n, sizeof(*parts), compare_digests);
    hasher_init(&hasher, "nvcache headers v2");
    for (size_t i = 0; i < n; i++)
        hasher_digest(&hasher, &parts[i]);
    hasher_final(&hasher, out);
}

/* As many as the longest list of names. */
static size_t
longest(const struct search *search)
{
    size_t n = search->n_names > search->n_beside ? search->n_names : search->n_beside;

    for (size_t i = 0; i < search->n_quotes; i++)
        n = search->quotes[i].n > n ? search->quotes[i].n : n;
    return n;
}

void
headers_search(struct arena *arena, const struct roots *roots, struct listings *listings,
               const struct search *search, struct digest *out, struct strlist *watched,
               struct strlist *found)
{
    struct digest *parts = arena_array(arena, 1 + search->n_quotes, sizeof(*parts));
    const size_t n = longest(search);
    struct walk walk = {.arena = arena,
                        .listings = listings,
                        .watched = watched,
                        .found = found,
                        .exists = arena_array(arena, n, sizeof(bool)),
                        .precompiled = arena_array(arena, n, sizeof(bool))};

    search_chain(&walk, search, &parts[0]);
    for (size_t i = 0; i < search->n_quotes; i++)
        search_beside(&walk, roots, search, &search->quotes[i], &parts[1 + i]);
    combine(parts, 1 + search->n_quotes, out);
    for (size_t k = 0; k < search->n_chain; k++)
        strlist_add(watched, (char *)(uintptr_t)search->chain[k]);
    strlist_unique(watched);
}
