#ifndef NVCACHE_CACHE_WITHIN_PRIV_H
#define NVCACHE_CACHE_WITHIN_PRIV_H

#include "nvcache/base/buf.h"
#include "nvcache/base/status.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>

struct planned;
struct session;

/* Files of steps that the command's result holds already: kept as places in its output.
 *
 *   digest of the result | digest of the bytes | an excerpt | for PTX: its layout
 */

/* Shorter ones are not worth it. */
#define WITHIN_MIN ((size_t)512)

/* The output of another run's result, to take several files out of. */
struct within {
    bool is_read;
    struct digest result;
    struct buf output;
};
void within_fini(struct within *within);

/* Append the place of these bytes in the run's own output, whose result has been stored:
 * as they are, as PTX, or as the object without that image.  False: keep the bytes. */
bool within_put(const struct planned *run, const struct buf *bytes,
                struct buf *out_place);
bool within_put_ptx(const struct planned *run, struct buf *text, struct buf *out_place);
bool within_put_object(const struct planned *run, const struct buf *bytes,
                       const struct buf *image, struct buf *out_place);

/* Append the bytes.  MISS: the result is gone, or is another than it was.  ERR_CORRUPT.
 */
NVC_NODISCARD enum nvc_status within_get(struct planned *run, const void *place,
                                         size_t len, struct buf *out);

/* Append the output of a result.  MISS: it is gone. */
NVC_NODISCARD enum nvc_status within_output(struct session *session,
                                            const struct digest *result, struct buf *out);

#endif
