#ifndef NVCACHE_ENTRY_MANIFEST_H
#define NVCACHE_ENTRY_MANIFEST_H

#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/place.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/* The manifest record: what a recorded run read, where it looked in vain, and what came
 * out. Format version 2; tests/unit/entry/test_manifest.c holds a golden record of it. */

#define MANIFEST_VERSION   2
#define MANIFEST_MAX_DIRS  65536
#define MANIFEST_MAX_FILES 262144
#define MANIFEST_MAX_TIES  4096

struct manifest_file {
    uint32_t dir; /* index into dirs */
    const char *name;
    struct digest digest;
};

/* What must hold between the directories of a command for the record to speak of it: the
 * place `at` is the place `is`.  With ROOT_NONE in `is` the result shows a path and is
 * only right there; otherwise a file was recorded below one directory and may have been
 * reached through the other. */
struct manifest_tie {
    struct place at;
    struct place is;
    uint8_t is_link; /* 1: `at` leads there through symbolic links; 0: as text */
};

/* Names that were, or could have been, looked for: an include directive, __has_include.
 */
struct search_name {
    const char *name;
    int is_next; /* also looked for behind the directory it was found in (#include_next)
                  */
};

/* Names that files of one directory give in quotes: looked for there first. */
struct search_quotes {
    struct place dir;
    const char **names;
    size_t n;
    struct digest found; /* of the set of those that exist */
};

struct search_record {
    struct place *chain; /* the search path, in order */
    size_t n_chain;
    struct search_name *names; /* sorted */
    size_t n_names;
    struct search_quotes *quotes;
    size_t n_quotes;
    struct digest found; /* along the chain: which exist, and where */
};

/* One part of the search, and the watched directories whose stamps decide its answer: the
 * chain (group 0), or the names that the files of one directory give in quotes.  The
 * record is only decoded when one of the directories changed. */
struct watch_group {
    uint32_t *watched; /* indices */
    size_t n;
    const uint8_t *record; /* search_chain_encode's or search_quotes_encode's bytes */
    size_t record_len;
};

struct manifest {
    struct digest result; /* key of the result record */
    uint64_t compile_us;  /* what the compile took */
    uint64_t created_s;   /* seconds since 1970 */
    struct manifest_tie *ties;
    size_t n_ties;
    struct place *dirs;
    size_t n_dirs;
    struct manifest_file *files; /* grouped by dir */
    size_t n_files;
    struct place *watched; /* directories whose names decide the search; a stat of each
                              stands for all that was looked for in it */
    size_t n_watched;
    struct watch_group *groups; /* the chain's first */
    size_t n_groups;
};

void manifest_encode(const struct manifest *manifest, struct buf *out);
/* Strings and groups' records point into `data`. ERR_FORMAT, ERR_CORRUPT. */
NVC_NODISCARD enum nvc_status manifest_decode(struct arena *arena, const void *data,
                                              size_t len, struct manifest *out);

/* The chain, its names and what was found; compressed, because it is long and rarely
 * read. */
void search_chain_encode(const struct search_record *search, struct buf *out);
/* Fills in chain, names and found. */
NVC_NODISCARD enum nvc_status search_chain_decode(struct arena *arena, const void *data,
                                                  size_t len, struct search_record *out);

/* One directory's names; plain, because a build that writes beside its sources reads it
 * each time. */
void search_quotes_encode(const struct search_quotes *quotes, struct buf *out);
NVC_NODISCARD enum nvc_status search_quotes_decode(struct arena *arena, const void *data,
                                                   size_t len, struct search_quotes *out);

#endif
