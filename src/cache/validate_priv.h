#ifndef NVCACHE_CACHE_VALIDATE_PRIV_H
#define NVCACHE_CACHE_VALIDATE_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/entry/manifest.h"

struct session;

/* Is everything the recorded run read still the same, and is nothing there that it looked
 * for in vain?  NVC_OK, or a MISS_ status with session->culprit. */
NVC_NODISCARD enum nvc_status validate(struct session *session,
                                       const struct manifest *manifest);

#endif
