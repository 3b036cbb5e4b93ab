#ifndef NVCACHE_CACHE_DEPTEXT_PRIV_H
#define NVCACHE_CACHE_DEPTEXT_PRIV_H

#include "nvcache/base/status.h"

struct buf;
struct roots;

/* A dependency file with its directories left open: the dialect (u8), then a template in
 * which the roots stand as the dialect escapes them. */

/* ERR_FORMAT when the text is not understood. */
NVC_NODISCARD enum nvc_status deptext_pack(const struct roots *roots,
                                           const struct buf *text, struct buf *out);
NVC_NODISCARD enum nvc_status deptext_unpack(const struct roots *roots,
                                             const struct buf *packed, struct buf *out);

#endif
