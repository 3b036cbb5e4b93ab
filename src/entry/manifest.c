/* The bytes of a manifest record.  Every count is checked against its limit and against
 * the bytes that are left before anything is allocated for it.
 *
 *   version u16 | flags u16 | result 32 | inputs 32 | searched 32 | seen 32
 *   compile_us u64 | created_s u64
 *   ties:  u32 n, n x (place at, place is, u8 kind)
 *   dirs:  u32 n, n x place
 *   files: u32 n, for each dir how many (varint), n x name, n x mark u32
 *   watched: u32 n, n x place | busy u32
 *   names: nameset.h */

#include "nvcache/entry/manifest.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/packed.h"
#include "nvcache/entry/wire.h"
#include "place_priv.h"

#include <string.h>

enum {
    STR_MIN = 5,
    PLACE_MIN = 3,
    PLAIN_MAX = 64 << 20,
    MARK_SIZE = 4
};

uint32_t
manifest_mark(const struct digest *digest)
{
    struct wire_reader reader;

    wire_read_init(&reader, digest->bytes, MARK_SIZE);
    return wire_u32(&reader);
}

static void
put_ties(struct buf *out, const struct manifest *manifest)
{
    wire_put_u32(out, (uint32_t)manifest->n_ties);
    for (size_t i = 0; i < manifest->n_ties; i++) {
        place_put(out, &manifest->ties[i].at);
        place_put(out, &manifest->ties[i].is);
        wire_put_u8(out, manifest->ties[i].kind);
    }
}

static void
put_files(struct buf *out, const struct manifest *manifest)
{
    size_t at = 0;

    wire_put_u32(out, (uint32_t)manifest->n_files);
    for (size_t dir = 0; dir < manifest->n_dirs; dir++) {
        const size_t begin = at;

        while (at < manifest->n_files && manifest->files[at].dir == dir)
            at++;
        wire_put_varint(out, at - begin);
    }
    for (size_t i = 0; i < manifest->n_files; i++)
        wire_put_text(out, manifest->files[i].name);
    for (size_t i = 0; i < manifest->n_files; i++)
        wire_put_u32(out, manifest->files[i].mark);
}

void
manifest_encode(const struct manifest *manifest, struct buf *out)
{
    wire_put_u16(out, MANIFEST_VERSION);
    wire_put_u16(out, 0);
    wire_put_digest(out, &manifest->result);
    wire_put_digest(out, &manifest->inputs);
    wire_put_digest(out, &manifest->searched);
    wire_put_digest(out, &manifest->seen);
    wire_put_u64(out, manifest->compile_us);
    wire_put_u64(out, manifest->created_s);
    put_ties(out, manifest);
    place_list_put(out, manifest->dirs, manifest->n_dirs);
    put_files(out, manifest);
    place_list_put(out, manifest->watched, manifest->n_watched);
    wire_put_u32(out, (uint32_t)manifest->n_busy);
    nameset_put(out, &manifest->names);
}

static void
read_ties(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->n_ties = wire_count(reader, MANIFEST_MAX_TIES, 2 * PLACE_MIN + 1);
    out->ties = arena_array(arena, out->n_ties, sizeof(*out->ties));
    for (size_t i = 0; i < out->n_ties; i++) {
        place_read(reader, &out->ties[i].at);
        place_read(reader, &out->ties[i].is);
        out->ties[i].kind = wire_u8(reader);
        if (out->ties[i].kind >= TIE_KINDS)
            reader->bad = true;
    }
}

/* Which files are in which directory: all of them, in order. */
static void
read_counts(struct wire_reader *reader, struct manifest *out)
{
    size_t at = 0;

    for (size_t dir = 0; dir < out->n_dirs && !reader->bad; dir++) {
        const uint64_t n = wire_varint(reader);

        if (n > out->n_files - at)
            reader->bad = true;
        for (uint64_t i = 0; i < n && !reader->bad; i++)
            out->files[at++].dir = (uint32_t)dir;
    }
    if (at != out->n_files)
        reader->bad = true;
}

static void
read_files(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->n_files = wire_count(reader, MANIFEST_MAX_FILES, 1 + MARK_SIZE);
    out->files = arena_array(arena, out->n_files, sizeof(*out->files));
    read_counts(reader, out);
    for (size_t i = 0; i < out->n_files && !reader->bad; i++)
        out->files[i].name = wire_text(reader, PLACE_MAX + 1);
    for (size_t i = 0; i < out->n_files && !reader->bad; i++)
        out->files[i].mark = wire_u32(reader);
}

static void
read_watched(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->watched = place_list_read(arena, reader, &out->n_watched);
    out->n_busy = wire_u32(reader);
    if (out->n_busy > out->n_watched)
        reader->bad = true;
}

enum nvc_status
manifest_decode(struct arena *arena, const void *data, size_t len, struct manifest *out)
{
    struct wire_reader reader;
    struct manifest manifest = {0};

    wire_read_init(&reader, data, len);
    if (wire_u16(&reader) != MANIFEST_VERSION || wire_u16(&reader) != 0)
        return NVC_ERR_FORMAT;
    manifest.result = wire_digest(&reader);
    manifest.inputs = wire_digest(&reader);
    manifest.searched = wire_digest(&reader);
    manifest.seen = wire_digest(&reader);
    manifest.compile_us = wire_u64(&reader);
    manifest.created_s = wire_u64(&reader);
    read_ties(arena, &reader, &manifest);
    manifest.dirs = place_list_read(arena, &reader, &manifest.n_dirs);
    read_files(arena, &reader, &manifest);
    read_watched(arena, &reader, &manifest);
    nameset_read(arena, &reader, &manifest.names);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = manifest;
    return NVC_OK;
}

void
manifest_pack(const struct manifest *manifest, int level, struct buf *out)
{
    AUTO_BUF plain = BUF_INIT;

    manifest_encode(manifest, &plain);
    packed_put(level, plain.data, plain.len, out);
}

enum nvc_status
manifest_unpack(struct arena *arena, const void *data, size_t len, struct manifest *out)
{
    const uint8_t *plain;
    size_t plain_len;
    const enum nvc_status st =
        packed_open(arena, data, len, PLAIN_MAX, &plain, &plain_len);

    return st == NVC_OK ? manifest_decode(arena, plain, plain_len, out) : st;
}
