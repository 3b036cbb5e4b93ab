#ifndef NVCACHE_BASE_MAPPED_H
#define NVCACHE_BASE_MAPPED_H

#include "nvcache/base/buf.h"
#include "nvcache/base/status.h"

#include <stddef.h>

/* The text of a large file, read only, without a copy of it where that can be.  Only for
 * files that nobody else writes: reading a file that has become shorter is a fatal signal
 * (which the guard takes). */
struct mapped {
    const char *text; /* with a NUL behind it */
    size_t len;
    size_t pages_len; /* 0: it is a copy */
    struct buf copy;
};

#define MAPPED_INIT                                                                      \
    {                                                                                    \
        NULL, 0, 0, BUF_INIT                                                             \
    }

/* As fs_read: more than `limit` bytes is ERR_LIMIT.  mapped_fini also where it failed. */
NVC_NODISCARD enum nvc_status mapped_open(const char *path, size_t limit,
                                          struct mapped *out);
void mapped_fini(struct mapped *mapped);
#define AUTO_MAPPED __attribute__((cleanup(mapped_fini))) struct mapped

#endif
