#ifndef NVCACHE_CACHE_EXPLAIN_PRIV_H
#define NVCACHE_CACHE_EXPLAIN_PRIV_H

#include "nvcache/base/status.h"

struct session;

/* Keep the components of this command's key, for the next miss of the same unit. */
void explain_remember(struct session *session);

/* No run of this very command is recorded: does the last command for the same source and
 * output differ in an option, a variable or the toolchain?  MISS_OPTIONS with
 * session->culprit, or MISS_NEW. */
enum nvc_status explain_difference(struct session *session);

#endif
