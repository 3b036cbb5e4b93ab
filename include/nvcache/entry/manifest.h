#ifndef NVCACHE_ENTRY_MANIFEST_H
#define NVCACHE_ENTRY_MANIFEST_H

#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/nameset.h"
#include "nvcache/entry/place.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/* The manifest record: what a recorded run read, where it looked in vain, and what came
 * out. Format version 5; tests/unit/entry/test_manifest.c holds a golden record of it. */

#define MANIFEST_VERSION 5
/* Domain of `inputs`. */
#define MANIFEST_INPUTS "nvcache inputs v3"

#define MANIFEST_MAX_DIRS  65536
#define MANIFEST_MAX_FILES 262144
#define MANIFEST_MAX_TIES  32768

struct manifest_file {
    uint32_t dir;     /* index into dirs, never less than the file's before it */
    uint32_t mark;    /* of its digest: says which file differs, not that none does */
    const char *name; /* without a slash */
};

/* What must hold between the directories of a command for the record to speak of it: the
 * place `at` is the place `is`.  With ROOT_NONE in `is` the result shows a path and is
 * only right there; otherwise a file was recorded below one directory and may have been
 * reached through the other. */
struct manifest_tie {
    struct place at;
    struct place is;
    uint8_t kind; /* enum tie_kind */
};

enum tie_kind {
    TIE_TEXT,    /* they are the same path */
    TIE_LINK,    /* `at` leads there through symbolic links */
    TIE_SHORTER, /* `at` as text is no longer than its real path: gcc would name it so */
    TIE_FREE,    /* `at` is a root whose path may show: it is `is` below a temporary
                    directory, say */
    TIE_LONGER,  /* it is longer: gcc would name it by that path */
    TIE_KINDS
};

struct manifest {
    struct digest result;   /* key of the result record */
    struct digest inputs;   /* over the digests of all files, in order */
    struct digest searched; /* which header was found where: closure_build's */
    struct digest seen;     /* what the watched directories held of `names` */
    uint64_t compile_us;    /* what the compile took */
    uint64_t created_s;     /* seconds since 1970 */
    struct manifest_tie *ties;
    size_t n_ties;
    struct place *dirs;
    size_t n_dirs;
    struct manifest_file *files; /* grouped by dir */
    size_t n_files;
    struct place *watched; /* where a name that appears could change the search */
    size_t n_watched;
    size_t n_busy;        /* the first of them: builds write there */
    struct nameset names; /* the parts of all header names that were looked for */
};

/* The mark of a digest. */
uint32_t manifest_mark(const struct digest *digest);

/* The plain bytes. */
void manifest_encode(const struct manifest *manifest, struct buf *out);
/* Strings point into `data`. ERR_FORMAT, ERR_CORRUPT. */
NVC_NODISCARD enum nvc_status manifest_decode(struct arena *arena, const void *data,
                                              size_t len, struct manifest *out);

/* What is stored: the same, compressed at `level`. */
void manifest_pack(const struct manifest *manifest, int level, struct buf *out);
NVC_NODISCARD enum nvc_status manifest_unpack(struct arena *arena, const void *data,
                                              size_t len, struct manifest *out);

#endif
