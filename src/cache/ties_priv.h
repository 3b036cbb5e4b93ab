#ifndef NVCACHE_CACHE_TIES_PRIV_H
#define NVCACHE_CACHE_TIES_PRIV_H

#include "nvcache/base/status.h"

struct closure;
struct manifest;
struct session;
struct strlist;

/* What must hold between the directories of a command for a record to be right (struct
 * manifest_tie).  A file is recorded below the longest root that its path begins with,
 * but it was reached from the source's directory or from one of the search path; when
 * those lie in each other they must do so next time, or another file would be looked at.
 */

/* Fills in manifest->ties from the closure, the names of the inputs as the compiler
 * listed them, and manifest->dirs.  NOSTORE_CLOSURE when there are too many. */
NVC_NODISCARD enum nvc_status ties_fill(struct session *session,
                                        const struct closure *closure,
                                        const struct strlist *listed,
                                        struct manifest *manifest);

/* NVC_OK, or MISS_PATH with session->culprit.  Adds the session's real roots if the
 * manifest speaks of them. */
NVC_NODISCARD enum nvc_status ties_check(struct session *session,
                                         const struct manifest *manifest);

#endif
