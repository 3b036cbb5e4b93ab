#ifndef NVCACHE_PLAN_PTXLAYOUT_H
#define NVCACHE_PLAN_PTXLAYOUT_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* PTX as fatbinary keeps it, and the rest.  It leaves out comments and the blanks that
 * lines begin with, keeps the first of other blanks that follow each other, and ends with
 * a NUL (measured with CUDA 13.0).  What it leaves out is little, and much the same in
 * each line. */

/* Append to `out_dense` what is kept, and to `out_layout` what it takes to get the text
 * back.  False: it would not come back. */
bool ptxlayout_split(const char *text, size_t len, struct buf *out_dense,
                     struct buf *out_layout);

/* Append the text; not longer than both together.  ERR_CORRUPT: they do not belong to
 * each other. */
NVC_NODISCARD enum nvc_status ptxlayout_join(const char *dense, size_t len,
                                             const char *layout, size_t layout_len,
                                             struct buf *out);

#endif
