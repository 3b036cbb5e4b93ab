#ifndef NVCACHE_CACHE_TOOLS_PRIV_H
#define NVCACHE_CACHE_TOOLS_PRIV_H

#include "nvcache/base/status.h"

struct session;

/* Identify the toolchain of the command: session->layout and session->toolchain.  The
 * layout comes from the store when nvcc and the host compiler are where they were, else
 * two processes are asked.  BYPASS_TOOLCHAIN, BYPASS_WRAPPER. */
NVC_NODISCARD enum nvc_status tools_identify(struct session *session);

#endif
