#ifndef NVCACHE_CACHE_DEPTEXT_PRIV_H
#define NVCACHE_CACHE_DEPTEXT_PRIV_H

#include "nvcache/base/status.h"

struct buf;
struct session;

/* A dependency file with its directories left open: the dialect (u8), then a template of
 * all behind the target, in which the roots stand as the dialect escapes them.  The
 * target is what the current command says, wherever it is run from. */

/* ERR_FORMAT when the text is not understood, or its target is not the command's. */
NVC_NODISCARD enum nvc_status deptext_pack(const struct session *session,
                                           const struct buf *text, struct buf *out);
NVC_NODISCARD enum nvc_status deptext_unpack(const struct session *session,
                                             const struct buf *packed, struct buf *out);

#endif
