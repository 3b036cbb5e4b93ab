#ifndef NVCACHE_STORE_METAPAGE_PRIV_H
#define NVCACHE_STORE_METAPAGE_PRIV_H

#include "nvcache/base/status.h"

#include <stdint.h>

/* What an LMDB file says about itself, read without LMDB. */
struct metapage_tree {
    uint64_t root; /* METAPAGE_NO_ROOT: empty */
    unsigned depth;
};

#define METAPAGE_NO_ROOT UINT64_MAX

struct metapage {
    uint64_t file_size;
    unsigned page_size;
    uint64_t last_page;
    struct metapage_tree free_tree; /* of the newer of the two pages */
    struct metapage_tree main_tree;
};

/* ERR_GENERATION: LMDB would crash on it, or refuse it as damaged.
 * ERR_FORMAT: another version of LMDB made it. ERR_IO. */
NVC_NODISCARD enum nvc_status metapage_check(int fd, uint64_t file_size,
                                             struct metapage *out);

#endif
