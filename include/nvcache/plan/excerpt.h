#ifndef NVCACHE_PLAN_EXCERPT_H
#define NVCACHE_PLAN_EXCERPT_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct wire_reader;

/* What a step made, as a place in the command's own output: who keeps that need not keep
 * the step's file as well.  fatbinary puts code into the device image as it is, PTX as a
 * zstd frame (CUDA 13; older ones compress in a way of their own), and the image stands
 * in the object.  Any thread may call. */

enum excerpt_kind {
    EXCERPT_PLAIN = 1, /* the bytes at the place */
    EXCERPT_FRAME,     /* what the zstd frame there unpacks to */
    EXCERPT_AROUND     /* the object without the device image there (image_strip) */
};

struct excerpt {
    enum excerpt_kind kind;
    uint64_t at; /* place in the output, and its length */
    uint64_t len;
    uint64_t plain_len; /* of what comes out */
};

/* Where `bytes` are in the output, as they are or in a frame.  False: nowhere. */
bool excerpt_find(const void *output, size_t output_len, const void *bytes, size_t len,
                  struct excerpt *out);

/* Could there be a frame at all? */
bool excerpt_has_frames(const void *output, size_t output_len);

/* Where the image is in the object, of which `plain_len` bytes are left without it. */
bool excerpt_find_around(const void *object, size_t object_len, const void *image,
                         size_t image_len, size_t plain_len, struct excerpt *out);

/* Append the bytes.  Any excerpt will do with any output: ERR_CORRUPT when there is no
 * such place, or nothing of that length there; ERR_FORMAT as image_strip. */
NVC_NODISCARD enum nvc_status excerpt_take(const void *output, size_t output_len,
                                           const struct excerpt *excerpt,
                                           struct buf *out);

/*   kind u8 | at u64 | len u64 | plain_len u64 */
void excerpt_encode(const struct excerpt *excerpt, struct buf *out);
/* False: these are the bytes of none. */
bool excerpt_decode(struct wire_reader *reader, struct excerpt *out);

#endif
