/* The bytes of places.  Must never give a place of a kind that there is not. */

#include "place_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/wire.h"

enum {
    PLACE_MIN = 3
};

void
place_put(struct buf *out, const struct place *place)
{
    wire_put_u8(out, place->kind);
    wire_put_u8(out, place->index);
    wire_put_text(out, place->rest);
}

void
place_read(struct wire_reader *reader, struct place *out)
{
    out->kind = wire_u8(reader);
    out->index = wire_u8(reader);
    out->rest = wire_text(reader, PLACE_MAX + 1);
    if (out->kind >= ROOT_KINDS)
        reader->bad = true;
}

void
place_list_put(struct buf *out, const struct place *places, size_t n)
{
    wire_put_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        place_put(out, &places[i]);
}

struct place *
place_list_read(struct arena *arena, struct wire_reader *reader, size_t *out_n)
{
    const uint32_t n = wire_count(reader, MANIFEST_MAX_DIRS, PLACE_MIN);
    struct place *places = arena_array(arena, n, sizeof(*places));

    for (uint32_t i = 0; i < n; i++)
        place_read(reader, &places[i]);
    *out_n = n;
    return places;
}
