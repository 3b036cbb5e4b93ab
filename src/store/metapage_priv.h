#ifndef NVCACHE_STORE_METAPAGE_PRIV_H
#define NVCACHE_STORE_METAPAGE_PRIV_H

#include "nvcache/base/status.h"

#include <stdint.h>

/* What an LMDB file says about itself, read without LMDB. */
struct metapage {
    uint64_t file_size;
    unsigned page_size;
};

/* ERR_GENERATION: LMDB would crash on it, or refuse it as damaged.
 * ERR_FORMAT: another version of LMDB made it. ERR_IO. */
NVC_NODISCARD enum nvc_status metapage_check(int fd, uint64_t file_size,
                                             struct metapage *out);

#endif
