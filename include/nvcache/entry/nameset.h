#ifndef NVCACHE_ENTRY_NAMESET_H
#define NVCACHE_ENTRY_NAMESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct wire_reader;

/* A set of names of which only short hashes are kept: it never denies a member, and takes
 * about one stranger in 2^NAMESET_SPARE_BITS for one.  About two bytes a name. */

#define NAMESET_SPARE_BITS 14
#define NAMESET_MAX        (1U << 20)

struct nameset {
    unsigned bits;    /* of each hash, 1 to 32 */
    uint32_t *hashes; /* ascending, each once */
    size_t n;
};

/* What nameset_make takes for a name. */
uint32_t nameset_hash(const char *name, size_t len);

/* The set of `n` hashes, which it sorts in place and keeps. */
void nameset_make(uint32_t *hashes, size_t n, struct nameset *out);

bool nameset_has(const struct nameset *set, const char *name, size_t len);

/* bits u8 | u32 n | n x varint: the distance from the last hash, less one. */
void nameset_put(struct buf *out, const struct nameset *set);
/* Sets reader->bad for anything nameset_put does not write. */
void nameset_read(struct arena *arena, struct wire_reader *reader, struct nameset *out);

#endif
