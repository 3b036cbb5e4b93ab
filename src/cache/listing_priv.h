#ifndef NVCACHE_CACHE_LISTING_PRIV_H
#define NVCACHE_CACHE_LISTING_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct hasher;
struct nameset;

/* The names in directories, each directory read once.  Listings live as long as their
 * arena and do not change afterwards: what is asked of one is about the moment when it
 * was read. */

struct listing_name {
    const char *name; /* NULL: free */
    bool is_file;     /* surely: else it may be a link or a directory */
};

struct listing {
    const char *path;
    struct listing_name *slots; /* open addressing */
    size_t n_slots;             /* a power of two, or 0 */
    bool has_precompiled;       /* a name ends with LISTING_PRECOMPILED */
};

/* gcc reads NAME.gch in place of NAME when it finds one. */
#define LISTING_PRECOMPILED ".gch"

struct listings;

struct listings *listings_new(struct arena *arena);

/* A directory that cannot be read has no names. */
const struct listing *listings_get(struct listings *listings, const char *path);

const struct listing_name *listing_find(const struct listing *listing, const char *name,
                                        size_t len);

/* Is the name in the set, or is it so without LISTING_PRECOMPILED behind it? */
bool listing_matters(const struct nameset *names, const char *name);

/* Those of its names that matter, sorted, in the arena; `*out_n` of them.  Not "." and
 * "..", which are in every directory. */
const struct listing_name **listing_relevant(struct arena *arena,
                                             const struct listing *listing,
                                             const struct nameset *names, size_t *out_n);

/* Hash the relevant names, and of what is no plain file what it is. */
void listing_hash(struct arena *arena, const struct listing *listing,
                  const struct nameset *names, struct hasher *hasher);

#endif
