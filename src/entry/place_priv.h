#ifndef NVCACHE_ENTRY_PLACE_PRIV_H
#define NVCACHE_ENTRY_PLACE_PRIV_H

#include "nvcache/entry/place.h"

#include <stddef.h>

struct arena;
struct buf;
struct wire_reader;

/* Bytes of places: kind u8 | index u8 | rest, ended by a NUL.  A list is preceded by its
 * u32 count. */
void place_put(struct buf *out, const struct place *place);
void place_read(struct wire_reader *reader, struct place *out);
void place_list_put(struct buf *out, const struct place *places, size_t n);
struct place *place_list_read(struct arena *arena, struct wire_reader *reader,
                              size_t *out_n);

#endif
