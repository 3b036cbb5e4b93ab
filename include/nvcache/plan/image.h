#ifndef NVCACHE_PLAN_IMAGE_H
#define NVCACHE_PLAN_IMAGE_H

#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* The device image of a host object.  fatbinary writes it as C source whose assembler
 * text holds the bytes; the host compiler puts them into a section of their own
 * (".nv_fatbin", or "__nv_relfatbin" with -rdc=true), and nothing else in the object
 * depends on them.  So an object can be given another image without compiling it again.
 */

/* Append the image in the C source that fatbinary wrote to `out_image`; *out_frame is the
 * digest of everything else in that source.  False when it has another form. */
NVC_NODISCARD bool image_read(const char *text, size_t len, struct buf *out_image,
                              struct digest *out_frame);

/* Append `object` (a relocatable 64-bit little-endian ELF file) with `image` in place of
 * the one it has.  The sections behind it move as the assembler would have placed them.
 * ERR_FORMAT when the object is not understood: it has no such section, or two. */
NVC_NODISCARD enum nvc_status image_splice(const void *object, size_t object_len,
                                           const void *image, size_t image_len,
                                           struct buf *out);

/* The object with a small image in place of its own, for keeping: image_splice gives the
 * very object back when it is given the same image again.  That is tried; ERR_FORMAT when
 * it does not come out. */
NVC_NODISCARD enum nvc_status image_strip(const void *object, size_t object_len,
                                          const void *image, size_t image_len,
                                          struct buf *out);

#endif
