#ifndef NVCACHE_STORE_COUNTERS_PRIV_H
#define NVCACHE_STORE_COUNTERS_PRIV_H

#include "nvcache/store/counters.h"

/* The log is folded when it is longer than this. */
#define COUNTERS_LOG_LIMIT ((int64_t)256 << 10)

/* And takes no more events when it could not be folded until it is this long. */
#define COUNTERS_LOG_FULL ((int64_t)8 << 20)

/* Fold the log into the sum now. */
NVC_NODISCARD enum nvc_status counters_fold(const char *dir, int umask);

#endif
