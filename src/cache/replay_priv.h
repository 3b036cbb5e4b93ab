#ifndef NVCACHE_CACHE_REPLAY_PRIV_H
#define NVCACHE_CACHE_REPLAY_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/entry/manifest.h"

struct session;

/* Write out what a recorded run produced: output and depfile by temporary file and
 * rename, then standard output and standard error.  Nothing is printed before every file
 * is in place, so that on failure the compiler can still run.  MISS_LOST: the result
 * record is gone; ERR_CORRUPT; ERR_REPLAY: an output cannot be written. */
NVC_NODISCARD enum nvc_status replay(struct session *session,
                                     const struct manifest *manifest);

#endif
