#ifndef NVCACHE_ENTRY_RESULT_H
#define NVCACHE_ENTRY_RESULT_H

#include "nvcache/base/status.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/entry/compress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The result record: what is replayed, by role.  It holds no path, mode or owner: where
 * an output goes is decided by the command that replays it. Format version 2;
 * tests/unit/entry/test_manifest.c holds a golden record of it. */

#define RESULT_VERSION   2
#define RESULT_MAX_PARTS 32
#define RESULT_MAX_PLAIN ((size_t)1 << 30)

enum result_role {
    ROLE_OUTPUT = 1, /* the main output: object, PTX, cubin, ... */
    ROLE_DEPFILE,    /* a template with a dialect (deptext in the cache room) */
    ROLE_STDOUT,     /* a template (template.h) */
    ROLE_STDERR,     /* a template */
    ROLE_PIECES,     /* an output as a list of other records (pieces in the cache room) */
    ROLE_WITHIN,     /* an output as a place in a result's (within in the cache room) */
    ROLE_HOST_TEXT,  /* what counts of the host's C++ (hosttext in the plan room) */
    ROLE_LIMIT,
};

struct result_part {
    enum result_role role;
    const void *data; /* when encoding: the plain bytes; when decoded: as stored */
    size_t len;
    size_t plain_len;
    struct checksum checksum; /* of the plain bytes */
};

struct result {
    struct result_part parts[RESULT_MAX_PARTS];
    size_t n;
};

/* Add a part's plain bytes (they must stay valid until result_encode).  False when the
 * record is full or the part too large. */
bool result_add(struct result *result, enum result_role role, const void *data,
                size_t len);

void result_encode(const struct result *result, int level, struct buf *out);

/* Parts point into `data`. ERR_FORMAT, ERR_CORRUPT, ERR_LIMIT. */
NVC_NODISCARD enum nvc_status result_decode(const void *data, size_t len,
                                            struct result *out);

/* The part with this role, or NULL. */
const struct result_part *result_find(const struct result *result, enum result_role role);

/* Give the plain bytes of a decoded part to `write` in pieces.  They are checked as a
 * whole: before NVC_OK they must not be used.  ERR_CORRUPT, ERR_NOMEM, what write said.
 */
NVC_NODISCARD enum nvc_status result_stream(const struct result_part *part,
                                            compress_writer *write, void *arg);

/* Append the plain bytes of a decoded part to `out` and check them.  ERR_CORRUPT. */
NVC_NODISCARD enum nvc_status result_unpack(const struct result_part *part,
                                            struct buf *out);

#endif
