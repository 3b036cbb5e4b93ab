#ifndef NVCACHE_CACHE_STEPFILE_PRIV_H
#define NVCACHE_CACHE_STEPFILE_PRIV_H

#include "nvcache/base/buf.h"
#include "nvcache/entry/result.h"
#include "planrun_priv.h"

/* The files of a step, between its private directory and its record. */

#define STEP_VERSION   3
#define STEP_MAX_FILES 4

/* Holds what a result record points to. */
struct stepfile_texts {
    struct buf files[STEP_MAX_FILES];
};
void stepfile_texts_fini(struct stepfile_texts *texts);

/* The outputs that others read, and the streams.  False: they cannot be kept. */
bool stepfile_get_outputs(struct planned *run, struct task *task,
                          struct stepfile_texts *texts, struct result *out);

/* The way back.  MISS: something that belongs to it is gone.  ERR_CORRUPT, ERR_FORMAT, or
 * why a file cannot be written. */
NVC_NODISCARD enum nvc_status stepfile_put_outputs(struct planned *run, struct task *task,
                                                   const struct result *result);

/* The image that the host compiler's step includes, and the digest of what is around it.
 */
bool stepfile_read_image(struct planned *run, const struct plan_step *host,
                         struct buf *out_image, struct digest *out_frame);

#endif
