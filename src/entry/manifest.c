/* The bytes of a manifest record.  Every count is checked against its limit and against
 * the bytes that are left before anything is allocated for it.
 *
 *   version u16 | flags u16 | result 32 | compile_us u64 | created_s u64
 *   ties:  u32 n, n x (place at, place is, u8 is_link)
 *   dirs:  u32 n, n x place
 *   files: u32 n, n x (dir u32, name), then n x digest
 *   watched: u32 n, n x place
 *   groups: u32 n, n x (u32 n, n x u32, u32 len, bytes of a search record) */

#include "nvcache/entry/manifest.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/wire.h"
#include "place_priv.h"

#include <string.h>

enum {
    STR_MIN = 5,
    PLACE_MIN = 2 + STR_MIN
};

void
place_put(struct buf *out, const struct place *place)
{
    wire_put_u8(out, place->kind);
    wire_put_u8(out, place->index);
    wire_put_str(out, place->rest);
}

void
place_read(struct wire_reader *reader, struct place *out)
{
    out->kind = wire_u8(reader);
    out->index = wire_u8(reader);
    out->rest = wire_str(reader, PLACE_MAX);
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

static void
put_ties(struct buf *out, const struct manifest *manifest)
{
    wire_put_u32(out, (uint32_t)manifest->n_ties);
    for (size_t i = 0; i < manifest->n_ties; i++) {
        place_put(out, &manifest->ties[i].at);
        place_put(out, &manifest->ties[i].is);
        wire_put_u8(out, manifest->ties[i].is_link);
    }
}

static void
put_files(struct buf *out, const struct manifest *manifest)
{
    wire_put_u32(out, (uint32_t)manifest->n_files);
    for (size_t i = 0; i < manifest->n_files; i++) {
        wire_put_u32(out, manifest->files[i].dir);
        wire_put_str(out, manifest->files[i].name);
    }
    for (size_t i = 0; i < manifest->n_files; i++)
        buf_append(out, manifest->files[i].digest.bytes, DIGEST_SIZE);
}

static void
put_groups(struct buf *out, const struct manifest *manifest)
{
    wire_put_u32(out, (uint32_t)manifest->n_groups);
    for (size_t i = 0; i < manifest->n_groups; i++) {
        wire_put_u32(out, (uint32_t)manifest->groups[i].n);
        for (size_t k = 0; k < manifest->groups[i].n; k++)
            wire_put_u32(out, manifest->groups[i].watched[k]);
        wire_put_u32(out, (uint32_t)manifest->groups[i].record_len);
        buf_append(out, manifest->groups[i].record, manifest->groups[i].record_len);
    }
}

void
manifest_encode(const struct manifest *manifest, struct buf *out)
{
    wire_put_u16(out, MANIFEST_VERSION);
    wire_put_u16(out, 0);
    buf_append(out, manifest->result.bytes, DIGEST_SIZE);
    wire_put_u64(out, manifest->compile_us);
    wire_put_u64(out, manifest->created_s);
    put_ties(out, manifest);
    place_list_put(out, manifest->dirs, manifest->n_dirs);
    put_files(out, manifest);
    place_list_put(out, manifest->watched, manifest->n_watched);
    put_groups(out, manifest);
}

static void
read_digest(struct wire_reader *reader, struct digest *out)
{
    const uint8_t *bytes = wire_bytes(reader, DIGEST_SIZE);

    if (bytes != NULL)
        memcpy(out->bytes, bytes, DIGEST_SIZE);
}

static void
read_ties(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->n_ties = wire_count(reader, MANIFEST_MAX_TIES, 2 * PLACE_MIN + 1);
    out->ties = arena_array(arena, out->n_ties, sizeof(*out->ties));
    for (size_t i = 0; i < out->n_ties; i++) {
        place_read(reader, &out->ties[i].at);
        place_read(reader, &out->ties[i].is);
        out->ties[i].is_link = wire_u8(reader);
        if (out->ties[i].is_link > 1)
            reader->bad = true;
    }
}

static void
read_files(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->n_files = wire_count(reader, MANIFEST_MAX_FILES, 4 + STR_MIN + DIGEST_SIZE);
    out->files = arena_array(arena, out->n_files, sizeof(*out->files));
    for (size_t i = 0; i < out->n_files; i++) {
        out->files[i].dir = wire_u32(reader);
        out->files[i].name = wire_str(reader, PLACE_MAX);
        if (out->files[i].dir >= out->n_dirs)
            reader->bad = true;
    }
    for (size_t i = 0; i < out->n_files; i++)
        read_digest(reader, &out->files[i].digest);
}

static void
read_group(struct arena *arena, struct wire_reader *reader, size_t n_watched,
           struct watch_group *group)
{
    group->n = wire_count(reader, MANIFEST_MAX_DIRS, 4);
    group->watched = arena_array(arena, group->n, sizeof(*group->watched));
    for (size_t k = 0; k < group->n; k++) {
        group->watched[k] = wire_u32(reader);
        if (group->watched[k] >= n_watched)
            reader->bad = true;
    }
    group->record_len = wire_u32(reader);
    group->record = wire_bytes(reader, group->record_len);
}

static void
read_groups(struct arena *arena, struct wire_reader *reader, struct manifest *out)
{
    out->n_groups = wire_count(reader, MANIFEST_MAX_DIRS, 8);
    out->groups = arena_array(arena, out->n_groups, sizeof(*out->groups));
    for (size_t i = 0; i < out->n_groups; i++)
        read_group(arena, reader, out->n_watched, &out->groups[i]);
}

enum nvc_status
manifest_decode(struct arena *arena, const void *data, size_t len, struct manifest *out)
{
    struct wire_reader reader;
    struct manifest manifest = {0};

    wire_read_init(&reader, data, len);
    if (wire_u16(&reader) != MANIFEST_VERSION || wire_u16(&reader) != 0)
        return NVC_ERR_FORMAT;
    read_digest(&reader, &manifest.result);
    manifest.compile_us = wire_u64(&reader);
    manifest.created_s = wire_u64(&reader);
    read_ties(arena, &reader, &manifest);
    manifest.dirs = place_list_read(arena, &reader, &manifest.n_dirs);
    read_files(arena, &reader, &manifest);
    manifest.watched = place_list_read(arena, &reader, &manifest.n_watched);
    read_groups(arena, &reader, &manifest);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = manifest;
    return NVC_OK;
}
