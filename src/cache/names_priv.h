#ifndef NVCACHE_CACHE_NAMES_PRIV_H
#define NVCACHE_CACHE_NAMES_PRIV_H

#include "nvcache/entry/nameset.h"
#include "nvcache/entry/place.h"
#include "nvcache/nvcc/scan.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Header names collected from the inputs, each once, by where they are looked for. */

struct name_set;

/* A name that is looked for along the search path. */
struct search_name {
    const char *name;
    int is_next; /* also looked for behind the directory it was found in (#include_next)
                  */
};

/* Names that files of one directory give in quotes: looked for there first. */
struct search_quotes {
    const char *dir;
    const char **names; /* sorted */
    size_t n;
    bool has_computed; /* and all of search.beside */
};

struct search {
    const char **chain;   /* the search path, in order */
    struct place *places; /* of its directories */
    size_t n_chain;
    struct search_name *names; /* sorted */
    size_t n_names;
    struct search_quotes *quotes; /* sorted by directory */
    size_t n_quotes;
    const char **beside; /* names that a computed #include may stand for, sorted */
    size_t n_beside;
};

struct name_set *names_new(struct arena *arena);

/* `dir` is the directory of the file that mentions the name: quoted names are looked for
 * there first. NULL: not in a file.  True: it was not looked for so before. */
bool names_add(struct name_set *set, enum scan_name_kind kind, const char *dir,
               const char *name, size_t len);

/* A name that no directive spells out: looked for along the path, and beside each file
 * that computes names. */
void names_add_beside(struct name_set *set, const char *name);
/* A directory with such files. */
void names_compute_in(struct name_set *set, const char *dir);

/* All of `out` but the chain and its places. */
void names_finish(struct name_set *set, struct search *out);

/* Every part between slashes of every name in the search. */
void names_parts(struct arena *arena, const struct search *search, struct nameset *out);

/* Is the name itself one of those parts, with LISTING_PRECOMPILED behind it or without?
 * The set of hashes takes one stranger in some 20,000 for a member; this none.  It looks
 * at every name: for what the set has already said yes to. */
bool names_have_part(const struct search *search, const char *name);

/* Does any name, where it is looked for, lead to `name` in `dir`, a searched directory or
 * one below it? */
bool names_lead_to(const struct search *search, const char *dir, const char *name);

#endif
