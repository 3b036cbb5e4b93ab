#ifndef NVCACHE_DIGEST_FILEDIGEST_H
#define NVCACHE_DIGEST_FILEDIGEST_H

#include "nvcache/base/status.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct memo;

/* No input or output of a compile is larger than this. */
#define FILEDIGEST_MAX_SIZE ((size_t)2 << 30)

/* The identity of contents. */
void filedigest_of_bytes(const void *data, size_t len, struct digest *out);

/* The identity of a file, from the memo when its stamp is known there, else by reading
 * it; a settled stamp is entered into the memo.  `stamp` must be of this very file, taken
 * before the call.  MISS when the file is gone or is not a regular file; ERR_LIMIT,
 * ERR_IO. */
NVC_NODISCARD enum nvc_status filedigest_get(struct memo *memo, const char *path,
                                             const struct stamp *stamp, int64_t now_ns,
                                             struct digest *out);

/* Its two halves.  The second reads into `buf` (what was in it is gone), and may be
 * called by several threads, each with a buffer of its own. */
bool filedigest_is_known(const struct memo *memo, const struct stamp *stamp,
                         struct digest *out);
NVC_NODISCARD enum nvc_status filedigest_read(const char *path, const struct stamp *stamp,
                                              struct buf *buf, struct digest *out);

/* The same for a file that was just read: the bytes are hashed unless its stamp is
 * known. */
void filedigest_of_read(struct memo *memo, const struct stamp *stamp, int64_t now_ns,
                        const void *data, size_t len, struct digest *out);

/* Tell the memo what was learned another way. */
void filedigest_learn(struct memo *memo, const struct stamp *stamp, int64_t now_ns,
                      const struct digest *digest);

#endif
