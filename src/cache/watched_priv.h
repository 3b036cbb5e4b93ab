#ifndef NVCACHE_CACHE_WATCHED_PRIV_H
#define NVCACHE_CACHE_WATCHED_PRIV_H

#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"
#include "nvcache/entry/nameset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct listings;
struct memo;
struct search;

/* Directories (and links) in which a header that appears could change what a compile
 * finds, and what they hold of the names that count.  As long as that is the same, every
 * header is found where it was. */

struct watched {
    const char **paths;
    struct stamp *stamps; /* zeros: not there */
    size_t n;
    size_t n_busy; /* the first of them change with every build and are judged apart */
    const struct nameset *names;
    const struct search *search; /* whose names they are, to tell strangers that look
                                    alike; NULL: the hashes alone decide */
};

/* Take the stamps, in the arena. */
void watched_stamp(struct arena *arena, struct watched *watched);

/* What they hold now.  Where the stamps are known to the memo nothing is read; what was
 * read is entered there if it is settled at `now_ns`. */
void watched_digest(struct arena *arena, struct listings *listings,
                    const struct watched *watched, struct memo *memo, int64_t now_ns,
                    struct digest *out);

/* A name that counts and has come or changed since the moment, or NULL. */
const char *watched_since(struct arena *arena, struct listings *listings,
                          const struct watched *watched, int64_t moment_ns);

#endif
