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
#include <sys/stat.h>
#include <unistd.h>

/* gcc reads NAME.gch in place of NAME when it finds one. */
static const char precompiled_suffix[] = ".gch";

/* One name in a directory. */
struct slot {
    const char *name; /* NULL: free */
    bool is_file;     /* surely: else it may be a link or a directory */
};

/* The names in one directory. */
struct listing {
    struct slot *slots; /* open addressing */
    size_t n_slots;     /* a power of two, or 0 */
    bool has_precompiled;
};

struct walk {
    struct arena *arena;
    struct strlist *watched;
    const char **names; /* sorted */
    bool *exists;       /* out, per name */
    bool *precompiled;  /* out, per name: NAME.gch is there, and would be read instead */
};

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
    listing->slots[i] = (struct slot){name, is_file};
    listing->has_precompiled |= str_ends(name, precompiled_suffix);
}

static const struct slot *
find(const struct listing *listing, const char *name, size_t len)
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

static struct listing
list_directory(struct arena *arena, const char *path)
{
    struct listing listing = {0};
    struct strlist names;
    struct strlist others;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return listing;
    strlist_init(&names, arena);
    strlist_init(&others, arena);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        strlist_add_copy(entry->d_type == DT_REG ? &names : &others, entry->d_name);
    closedir(dir);
    for (listing.n_slots = 16; listing.n_slots < (names.n + others.n) * 2;)
        listing.n_slots *= 2;
    listing.slots = arena_array(arena, listing.n_slots, sizeof(struct slot));
    for (size_t i = 0; i < names.n; i++)
        insert(&listing, names.v[i], true);
    for (size_t i = 0; i < others.n; i++)
        insert(&listing, others.v[i], false);
    return listing;
}

/* The compiler passes over a directory and over a link that leads nowhere.  Where a link
 * leads changes without a change in the directory: the link itself is watched. */
static bool
can_be_read(const struct walk *walk, const char *dir, const struct slot *slot)
{
    struct stat info;
    char *path;

    if (slot == NULL || slot->is_file)
        return slot != NULL;
    path = path_join(walk->arena, dir, slot->name);
    if (walk->watched != NULL && lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        strlist_add(walk->watched, path);
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static void
look_at(const struct walk *walk, const struct listing *listing, const char *dir, size_t i,
        const char *name)
{
    walk->exists[i] = can_be_read(walk, dir, find(listing, name, strlen(name)));
    if (listing->has_precompiled) {
        const char *other = arena_printf(walk->arena, "%s%s", name, precompiled_suffix);

        walk->precompiled[i] = find(listing, other, strlen(other)) != NULL;
    }
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
        size_t end = from + 1;

        if (name[len] == '\0') {
            look_at(walk, &listing, dir, from++, name);
            continue;
        }
        while (end < to && strncmp(walk->names[end] + skip, name, len + 1) == 0)
            end++;
        if (find(&listing, name, len) != NULL)
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
    for (size_t i = 0; i < n; i++) {
        if (walk->exists[i])
            hasher_str(hasher, walk->names[i]);
        if (walk->precompiled[i]) {
            hasher_str(hasher, walk->names[i]);
            hasher_str(hasher, precompiled_suffix);
        }
    }
}

static void
look_in(const struct walk *walk, const char *dir, size_t n)
{
    memset(walk->exists, 0, n * sizeof(bool));
    memset(walk->precompiled, 0, n * sizeof(bool));
    if (n > 0 && dir != NULL)
        walk_directory(walk, dir, 0, 0, n);
}

static struct walk
walk_of(struct arena *arena, struct strlist *watched, size_t n)
{
    return (struct walk){.arena = arena,
                         .watched = watched,
                         .exists = arena_array(arena, n, sizeof(bool)),
                         .precompiled = arena_array(arena, n, sizeof(bool))};
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
        if (dirs[i] == NULL || stat(dirs[i], &info[i]) != 0)
            continue;
        for (size_t k = 0; k < i; k++)
            if (info[k].st_ino == info[i].st_ino && info[k].st_dev == info[i].st_dev)
                repeated[k] = true;
    }
    return repeated;
}

static const char **
chain_paths(struct arena *arena, const struct roots *roots,
            const struct search_record *record)
{
    const char **paths = arena_array(arena, record->n_chain, sizeof(*paths));

    for (size_t k = 0; k < record->n_chain; k++)
        paths[k] = roots_path(roots, arena, &record->chain[k]);
    return paths;
}

/* Names that are found in one directory of the path are not looked for in the next,
 * unless an #include_next does, or this is not the place where the directory counts. */
static void
search_chain(struct arena *arena, const struct roots *roots,
             const struct search_record *record, struct hasher *hasher,
             struct strlist *watched)
{
    const struct search_name **open = arena_array(arena, record->n_names, sizeof(*open));
    const char **dirs = chain_paths(arena, roots, record);
    const bool *repeated = find_repeated(arena, dirs, record->n_chain);
    size_t n = record->n_names;
    struct walk walk = walk_of(arena, watched, n);

    walk.names = arena_array(arena, n, sizeof(char *));
    for (size_t i = 0; i < n; i++)
        open[i] = &record->names[i];
    for (size_t k = 0; k < record->n_chain; k++) {
        size_t left = 0;

        for (size_t i = 0; i < n; i++)
            walk.names[i] = open[i]->name;
        look_in(&walk, dirs[k], n);
        hash_found(hasher, k, &walk, n);
        for (size_t i = 0; i < n; i++)
            if (!walk.exists[i] || open[i]->is_next || repeated[k])
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
    struct walk walk = walk_of(arena, watched, quotes->n);
    struct hasher hasher;

    walk.names = quotes->names;
    look_in(&walk, roots_path(roots, arena, &quotes->dir), quotes->n);
    hasher_init(&hasher, "nvcache quotes v1");
    hash_found(&hasher, 0, &walk, quotes->n);
    hasher_final(&hasher, out);
    if (watched != NULL)
        make_unique(watched);
}
