#ifndef NVCACHE_CACHE_STEADY_PRIV_H
#define NVCACHE_CACHE_STEADY_PRIV_H

#include "nvcache/base/status.h"

struct closure;
struct session;

/* Was everything besides the closure's contents the same from before the compile to now?
 * The programs of the toolchain, options files, and the directories and symbolic links on
 * the way to each file.  NVC_OK, or NOSTORE_MOVED with session->culprit. */
NVC_NODISCARD enum nvc_status steady_check(struct session *session,
                                           const struct closure *closure);

#endif
