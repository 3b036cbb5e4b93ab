#ifndef NVCACHE_BASE_STATUS_H
#define NVCACHE_BASE_STATUS_H

/* One enum for error code, log word and statistic, so that nothing can be refused without
 * being counted.  The list, with its rules, is status.def. */

enum nvc_status {
    NVC_OK = 0,
#define NVC_STATUS(name, number, kind, word, text) NVC_##name = (number),
#include "nvcache/base/status.def"
#undef NVC_STATUS
};

/* All numbers in status.def are below this. */
#define NVC_STATUS_LIMIT 160

enum nvc_kind {
    NVC_KIND_NONE, /* NVC_OK, or a number status.def does not have */
    NVC_KIND_HIT,
    NVC_KIND_MISS,
    NVC_KIND_FAILED,
    NVC_KIND_NOSTORE,
    NVC_KIND_UNPLANNED,
    NVC_KIND_BYPASS,
    NVC_KIND_ERROR,
    NVC_KIND_MEMORY,
    NVC_KIND_CLEANED,
};

#define NVC_NODISCARD __attribute__((warn_unused_result))

/* The word of a status ("input_changed"); "ok" for NVC_OK; "?" for an unknown number.
 * Static storage. */
const char *status_word(enum nvc_status status);

/* One line for a person, without a full stop.  Static storage. */
const char *status_text(enum nvc_status status);

enum nvc_kind status_kind(enum nvc_status status);

/* What errno means to us: ENOSPC, EDQUOT and EFBIG are ERR_NOSPACE; ENOMEM is ERR_NOMEM;
 * EACCES, EPERM and EROFS are ERR_PERMISSION; EMFILE, ENFILE and EAGAIN are ERR_BUSY;
 * anything else is ERR_IO.  Never NVC_OK. */
enum nvc_status status_from_errno(int error);

#endif
