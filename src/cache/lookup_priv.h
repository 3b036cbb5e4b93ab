#ifndef NVCACHE_CACHE_LOOKUP_PRIV_H
#define NVCACHE_CACHE_LOOKUP_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/entry/manifest.h"

struct session;

/* Find a recorded run all of whose inputs are as they were.  HIT_MANIFEST fills in *out
 * (it points into the store); otherwise why not: MISS_NEW, or what the newest recorded
 * run of this very command found changed, with session->culprit naming it. */
NVC_NODISCARD enum nvc_status lookup(struct session *session, struct manifest *out);

#endif
