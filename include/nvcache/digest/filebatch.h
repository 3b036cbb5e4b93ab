#ifndef NVCACHE_DIGEST_FILEBATCH_H
#define NVCACHE_DIGEST_FILEBATCH_H

#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"

#include <stddef.h>

struct memo;

/* The identities of many files at once. */

struct filebatch_item {
    const char *path;
    const struct stamp *stamp; /* of this very file, taken before the call */
    struct digest digest;      /* set where status is NVC_OK */
    enum nvc_status status;    /* as filedigest_get says it; MISS until then */
};

/* filedigest_get for each.  Where there is much to read, helpers (base/threads.h) read
 * with this thread. */
void filebatch_get(struct memo *memo, struct filebatch_item *items, size_t n,
                   int64_t now_ns);

#endif
