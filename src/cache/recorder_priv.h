#ifndef NVCACHE_CACHE_RECORDER_PRIV_H
#define NVCACHE_CACHE_RECORDER_PRIV_H

#include "compile_priv.h"
#include "nvcache/base/status.h"

struct session;

/* Store what a successful compile read and produced, so that the next equal command finds
 * it. NVC_OK, or the NOSTORE_ status that says why not. */
NVC_NODISCARD enum nvc_status recorder_store(struct session *session,
                                             const struct compiled *compiled);

#endif
