#ifndef NVCACHE_ENTRY_COMPRESS_H
#define NVCACHE_ENTRY_COMPRESS_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* zstd, with limits.  Levels as zstd's: negative is faster, 1 the default, 19 the best.
 * Any thread may call. */

#define COMPRESS_LEVEL_MIN (-7)
#define COMPRESS_LEVEL_MAX 19

/* Append the compressed bytes to `out`.  False when that would not make them smaller (out
 * is as before): store them as they are. */
bool compress_pack(int level, const void *data, size_t len, struct buf *out);

/* Decompress exactly `plain_len` bytes into `plain`.  ERR_CORRUPT for anything else:
 * another length, trailing data, a window over 128 MiB. */
NVC_NODISCARD enum nvc_status compress_unpack(const void *data, size_t len, void *plain,
                                              size_t plain_len);

/* The same piece by piece: `write` gets them in order, and its first failure is the
 * result. */
typedef enum nvc_status compress_writer(void *arg, const void *data, size_t len);
NVC_NODISCARD enum nvc_status compress_stream(const void *data, size_t len,
                                              size_t plain_len, compress_writer *write,
                                              void *arg);

/* The length of the zstd frame that begins at `data`, if it says that it unpacks to
 * `plain_len` bytes; else 0.  Only unpacking tells whether it does. */
size_t compress_frame_len(const void *data, size_t len, size_t plain_len);

/* Could `len` bytes really unpack to that many?  Bounds what a record can make us
 * allocate. */
bool compress_is_plausible(size_t len, size_t plain_len);

#endif
