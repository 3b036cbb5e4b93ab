/* Dependency files that can be replayed in another directory. */

#include "deptext_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/cache/roots.h"
#include "nvcache/nvcc/command.h"
#include "nvcache/nvcc/depfile.h"
#include "session_priv.h"

#include <string.h>

/* The roots as they stand in the text.  One that cannot be written so is left out. */
static struct template_root *
escaped_roots(const struct roots *roots, enum depfile_dialect dialect)
{
    struct template_root *escaped = arena_array(roots->arena, roots->n, sizeof(*escaped));

    for (size_t i = 0; i < roots->n; i++) {
        AUTO_BUF text = BUF_INIT;

        escaped[i] = roots->template_roots[i];
        escaped[i].path = "";
        if (!depfile_can_name(dialect, roots->v[i].path))
            continue;
        depfile_escape(dialect, roots->v[i].path, &text);
        escaped[i].path = arena_strdup(roots->arena, buf_str(&text));
    }
    return escaped;
}

enum nvc_status
deptext_pack(const struct session *session, const struct buf *text, struct buf *out)
{
    const struct roots *roots = &session->roots;
    const char *whole = (const char *)text->data;
    struct depfile depfile;
    const enum nvc_status st = depfile_parse(roots->arena, whole, text->len, &depfile);

    if (st != NVC_OK)
        return st;
    if (!str_equal(depfile.target.path, session->command.rule_target))
        return NVC_ERR_FORMAT;
    buf_append_char(out, (char)depfile.dialect);
    template_make(whole + depfile.target.len, text->len - depfile.target.len,
                  escaped_roots(roots, depfile.dialect), roots->n, out);
    return NVC_OK;
}

enum nvc_status
deptext_unpack(const struct session *session, const struct buf *packed, struct buf *out)
{
    const struct roots *roots = &session->roots;
    unsigned dialect;

    if (packed->len == 0)
        return NVC_OK;
    dialect = packed->data[0];
    if (dialect != DEPFILE_NVCC && dialect != DEPFILE_GCC)
        return NVC_ERR_CORRUPT;
    buf_append_str(out, session->command.rule_target);
    return template_expand(packed->data + 1, packed->len - 1,
                           escaped_roots(roots, (enum depfile_dialect)dialect), roots->n,
                           out);
}
