/* The names in directories.  A unit has thousands of header names and a hundred
 * directories: a stat for each pair would cost more than the hit.
 *
 * Must never read a directory twice: what was found in it and what is recorded of it must
 * be of one moment. */

#include "listing_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/nameset.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FIRST_SLOTS = 64
};

struct listings {
    struct arena *arena;
    struct listing **slots; /* open addressing; NULL is free */
    size_t n_slots;         /* a power of two */
    size_t n;
};

struct listings *
listings_new(struct arena *arena)
{
    struct listings *listings = arena_alloc(arena, sizeof(*listings));

    listings->arena = arena;
    listings->n_slots = FIRST_SLOTS;
    listings->slots = arena_array(arena, FIRST_SLOTS, sizeof(struct listing *));
    return listings;
}

/* ---- one directory ---- */

static size_t
slot_of(const struct listing *listing, const char *name, size_t len)
{
    return (size_t)checksum64(name, len, 0) & (listing->n_slots - 1);
}

static void
insert(struct listing *listing, const char *name, bool is_file)
{
    size_t i = slot_of(listing, name, strlen(name));

    while (listing->slots[i].name != NULL)
        i = (i + 1) & (listing->n_slots - 1);
    listing->slots[i] = (struct listing_name){name, is_file};
    listing->has_precompiled |= str_ends(name, LISTING_PRECOMPILED);
}

const struct listing_name *
listing_find(const struct listing *listing, const char *name, size_t len)
{
    if (listing->n_slots == 0)
        return NULL;
    for (size_t i = slot_of(listing, name, len); listing->slots[i].name != NULL;
         i = (i + 1) & (listing->n_slots - 1))
        if (strncmp(listing->slots[i].name, name, len) == 0 &&
            listing->slots[i].name[len] == '\0')
            return &listing->slots[i];
    return NULL;
}

static void
read_directory(struct arena *arena, struct listing *listing)
{
    struct strlist names;
    struct strlist others;
    DIR *dir = opendir(listing->path);

    if (dir == NULL)
        return;
    strlist_init(&names, arena);
    strlist_init(&others, arena);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        strlist_add_copy(entry->d_type == DT_REG ? &names : &others, entry->d_name);
    closedir(dir);
    for (listing->n_slots = 16; listing->n_slots < (names.n + others.n) * 2;)
        listing->n_slots *= 2;
    listing->slots = arena_array(arena, listing->n_slots, sizeof(struct listing_name));
    for (size_t i = 0; i < names.n; i++)
        insert(listing, names.v[i], true);
    for (size_t i = 0; i < others.n; i++)
        insert(listing, others.v[i], false);
}

/* ---- what is relevant ---- */

bool
listing_matters(const struct nameset *names, const char *name)
{
    const size_t len = strlen(name);
    const size_t suffix = sizeof(LISTING_PRECOMPILED) - 1;

    return nameset_has(names, name, len) || (str_ends(name, LISTING_PRECOMPILED) &&
                                             nameset_has(names, name, len - suffix));
}

static bool
is_always_there(const char *name)
{
    return str_equal(name, ".") || str_equal(name, "..");
}

static int
compare_names(const void *a, const void *b)
{
    const struct listing_name *x = *(const struct listing_name *const *)a;
    const struct listing_name *y = *(const struct listing_name *const *)b;

    return strcmp(x->name, y->name);
}

const struct listing_name **
listing_relevant(struct arena *arena, const struct listing *listing,
                 const struct nameset *names, size_t *out_n)
{
    const struct listing_name **found =
        arena_array(arena, listing->n_slots / 2 + 1, sizeof(*found));
    size_t n = 0;

    for (size_t i = 0; i < listing->n_slots; i++)
        if (listing->slots[i].name != NULL && !is_always_there(listing->slots[i].name) &&
            listing_matters(names, listing->slots[i].name))
            found[n++] = &listing->slots[i];
    if (n > 1)
        qsort(found, n, sizeof(*found), compare_names);
    *out_n = n;
    return found;
}

/* A link, a directory, or something else that is looked at when it is asked for. */
static uint64_t
kind_of(struct arena *arena, const char *dir, const struct listing_name *entry)
{
    struct stat info;

    if (entry->is_file)
        return S_IFREG;
    if (lstat(path_join(arena, dir, entry->name), &info) != 0)
        return 0;
    return info.st_mode & S_IFMT;
}

void
listing_hash(struct arena *arena, const struct listing *listing,
             const struct nameset *names, struct hasher *hasher)
{
    size_t n;
    const struct listing_name **found = listing_relevant(arena, listing, names, &n);

    hasher_u64(hasher, n);
    for (size_t i = 0; i < n; i++) {
        hasher_str(hasher, found[i]->name);
        hasher_u64(hasher, kind_of(arena, listing->path, found[i]));
    }
}

/* ---- all of them ---- */

static struct listing **
find_slot(const struct listings *listings, const char *path)
{
    size_t i = (size_t)checksum64(path, strlen(path), 0) & (listings->n_slots - 1);

    while (listings->slots[i] != NULL && !str_equal(listings->slots[i]->path, path))
        i = (i + 1) & (listings->n_slots - 1);
    return &listings->slots[i];
}

static void
grow(struct listings *listings)
{
    struct listing **old = listings->slots;
    const size_t n = listings->n_slots;

    listings->n_slots *= 2;
    listings->slots =
        arena_array(listings->arena, listings->n_slots, sizeof(struct listing *));
    for (size_t i = 0; i < n; i++)
        if (old[i] != NULL)
            *find_slot(listings, old[i]->path) = old[i];
}

const struct listing *
listings_get(struct listings *listings, const char *path)
{
    struct listing **slot = find_slot(listings, path);
    struct listing *listing = *slot;

    if (listing != NULL)
        return listing;
    listing = arena_alloc(listings->arena, sizeof(*listing));
    listing->path = arena_strdup(listings->arena, path);
    read_directory(listings->arena, listing);
    *slot = listing;
    if (++listings->n * 2 > listings->n_slots)
        grow(listings);
    return listing;
}
