/* The set of headers that exist where headers are searched.  Directories are listed once
 * and compared with all names at once: a unit has thousands of names and a dozen
 * directories, and a stat for each pair would cost more than the hit.
 *
 * Must never follow what is not there: a directory that cannot be read has no names. */

#include "headers_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/roots.h"
#include "nvcache/digest/checksum.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names in one directory. */
struct listing {
    const char **slots; /* open addressing; NULL is free */
    size_t n_slots;     /* a power of two, or 0 */
};

struct walk {
    struct arena *arena;
    struct strlist *watched;
    const char **names; /* sorted */
    bool *exists;       /* out, per name */
};

static size_t
slot_of(const struct listing *listing, const char *name, size_t len)
{
    return (size_t)checksum64(name, len, 0) & (listing->n_slots - 1);
}

static void
insert(struct listing *listing, const char *name)
{
    size_t i = slot_of(listing, name, strlen(name));

    while (listing->slots[i] != NULL)
        i = (i + 1) & (listing->n_slots - 1);
    listing->slots[i] = name;
}

static bool
contains(const struct listing *listing, const char *name, size_t len)
{
    if (listing->n_slots == 0)
        return false;
    for (size_t i = slot_of(listing, name, len); listing->slots[i] != NULL;
         i = (i + 1) & (listing->n_slots - 1))
        if (strncmp(listing->slots[i], name, len) == 0 && listing->slots[i][len] == '\0')
            return true;
    return false;
}

static struct listing
list_directory(struct arena *arena, const char *path)
{
    struct listing listing = {0};
    struct strlist names;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return listing;
    strlist_init(&names, arena);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        strlist_add_copy(&names, entry->d_name);
    closedir(dir);
    for (listing.n_slots = 16; listing.n_slots < names.n * 2;)
        listing.n_slots *= 2;
    listing.slots = arena_array(arena, listing.n_slots, sizeof(char *));
    for (size_t i = 0; i < names.n; i++)
        insert(&listing, names.v[i]);
    return listing;
}

/* Names [from, to) all begin with the same `skip` characters, which `dir` stands for. */
static void
walk_directory(const struct walk *walk, const char *dir, size_t skip, size_t from,
               size_t to)
{
    const struct listing listing = list_directory(walk->arena, dir);

    if (walk->watched != NULL)
        strlist_add_copy(walk->watched, dir);
    while (from < to) {
        const char *name = walk->names[from] + skip;
        const size_t len = strcspn(name, "/");
        const bool is_there = contains(&listing, name, len);
        size_t end = from + 1;

        if (name[len] == '\0') {
            walk->exists[from++] = is_there;
            continue;
        }
        while (end < to && strncmp(walk->names[end] + skip, name, len + 1) == 0)
            end++;
        if (is_there)
            walk_directory(
                walk, path_join(walk->arena, dir, arena_strndup(walk->arena, name, len)),
                skip + len + 1, from, end);
        from = end;
    }
}

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
hash_found(struct hasher *hasher, uint64_t where, const struct walk *walk, size_t n)
{
    hasher_u64(hasher, where);
    for (size_t i = 0; i < n; i++)
        if (walk->exists[i])
            hasher_str(hasher, walk->names[i]);
}

static void
look_in(const struct walk *walk, const char *dir, size_t n)
{
    memset(walk->exists, 0, n * sizeof(bool));
    if (n > 0 && dir != NULL)
        walk_directory(walk, dir, 0, 0, n);
}

/* Names that are found in one directory of the path are not looked for in the next,
 * unless an #include_next does. */
static void
search_chain(struct arena *arena, const struct roots *roots,
             const struct search_record *record, struct hasher *hasher,
             struct strlist *watched)
{
    const struct search_name **open = arena_array(arena, record->n_names, sizeof(*open));
    struct walk walk = {.arena = arena, .watched = watched};
    size_t n = record->n_names;

    walk.names = arena_array(arena, n, sizeof(char *));
    walk.exists = arena_array(arena, n, sizeof(bool));
    for (size_t i = 0; i < n; i++)
        open[i] = &record->names[i];
    for (size_t k = 0; k < record->n_chain; k++) {
        size_t left = 0;

        for (size_t i = 0; i < n; i++)
            walk.names[i] = open[i]->name;
        look_in(&walk, roots_path(roots, arena, &record->chain[k]), n);
        hash_found(hasher, k, &walk, n);
        for (size_t i = 0; i < n; i++)
            if (!walk.exists[i] || open[i]->is_next)
                open[left++] = open[i];
        n = left;
    }
}

static void
make_unique(struct strlist *list)
{
    size_t n = 0;

    qsort(list->v, list->n, sizeof(char *), compare_strings);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || !str_equal(list->v[n - 1], list->v[i]))
            list->v[n++] = list->v[i];
    list->n = n;
}

void
headers_in_chain(struct arena *arena, const struct roots *roots,
                 const struct search_record *record, struct digest *out,
                 struct strlist *watched)
{
    struct hasher hasher;

    hasher_init(&hasher, "nvcache search v1");
    search_chain(arena, roots, record, &hasher, watched);
    hasher_final(&hasher, out);
    if (watched != NULL)
        make_unique(watched);
}

void
headers_in_quotes(struct arena *arena, const struct roots *roots,
                  const struct search_quotes *quotes, struct digest *out,
                  struct strlist *watched)
{
    struct walk walk = {.arena = arena, .watched = watched, .names = quotes->names};
    struct hasher hasher;

    walk.exists = arena_array(arena, quotes->n, sizeof(bool));
    look_in(&walk, roots_path(roots, arena, &quotes->dir), quotes->n);
    hasher_init(&hasher, "nvcache quotes v1");
    hash_found(&hasher, 0, &walk, quotes->n);
    hasher_final(&hasher, out);
    if (watched != NULL)
        make_unique(watched);
}
