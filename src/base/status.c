/* The names and kinds of status.def, and the mapping from errno. */

#include "nvcache/base/status.h"

#include <errno.h>
#include <stddef.h>

struct row {
    enum nvc_kind kind;
    const char *word;
    const char *text;
};

static const struct row rows[NVC_STATUS_LIMIT] = {
#define NVC_STATUS(name, number, kind, word, text)                                       \
    [number] = {NVC_KIND_##kind, word, text},
#include "nvcache/base/status.def"
#undef NVC_STATUS
};

static const struct row *
row_of(enum nvc_status status)
{
    static const struct row ok = {NVC_KIND_NONE, "ok", "ok"};
    static const struct row unknown = {NVC_KIND_NONE, "?", "unknown"};
    const size_t n = (size_t)status;

    if (status == NVC_OK)
        return &ok;
    return n < NVC_STATUS_LIMIT && rows[n].word != NULL ? &rows[n] : &unknown;
}

const char *
status_word(enum nvc_status status)
{
    return row_of(status)->word;
}

const char *
status_text(enum nvc_status status)
{
    return row_of(status)->text;
}

enum nvc_kind
status_kind(enum nvc_status status)
{
    return row_of(status)->kind;
}

enum nvc_status
status_from_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return NVC_ERR_NOSPACE;
    case ENOMEM:
        return NVC_ERR_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return NVC_ERR_PERMISSION;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
        return NVC_ERR_BUSY;
    default:
        return NVC_ERR_IO;
    }
}
