/* Text with directories left open.  Expanding what was made with the same roots gives
 * back the text, byte for byte. */

#include "nvcache/entry/template.h"

#include "nvcache/base/buf.h"
#include "nvcache/entry/wire.h"

#include <stdint.h>
#include <string.h>

enum {
    TEMPLATE_END = 0xff
};

/* What stands around paths in messages and dependency files; anything else may be part of
 * a name. */
static bool
is_name_char(char c)
{
    return c == '\0' || strchr(" \t\r\n:,;()<>[]\"'`=", c) == NULL;
}

/* The longest root that the text at `at` begins with, as a whole path prefix. */
static const struct template_root *
root_at(const char *at, const char *end, const struct template_root *roots, size_t n)
{
    const struct template_root *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(roots[i].path);

        if (len <= best_len || (size_t)(end - at) < len)
            continue;
        if (memcmp(at, roots[i].path, len) != 0)
            continue;
        if (at + len < end && at[len] != '/' && is_name_char(at[len]))
            continue;
        best = &roots[i];
        best_len = len;
    }
    return best;
}

static void
put_literal(struct buf *out, const char *text, size_t len)
{
    wire_put_u32(out, (uint32_t)len);
    buf_append(out, text, len);
}

void
template_make(const char *text, size_t len, const struct template_root *roots, size_t n,
              struct buf *out)
{
    const char *end = text + len;
    const char *begin = text;

    for (const char *at = text; at < end;) {
        const struct template_root *root = NULL;

        if (at == text || !is_name_char(at[-1]))
            root = root_at(at, end, roots, n);
        if (root == NULL) {
            at++;
            continue;
        }
        put_literal(out, begin, (size_t)(at - begin));
        wire_put_u8(out, root->kind);
        wire_put_u8(out, root->index);
        at += strlen(root->path);
        begin = at;
    }
    put_literal(out, begin, (size_t)(end - begin));
    wire_put_u8(out, TEMPLATE_END);
}

static const char *
path_of(const struct template_root *roots, size_t n, unsigned kind, unsigned index)
{
    for (size_t i = 0; i < n; i++)
        if (roots[i].kind == kind && roots[i].index == index)
            return roots[i].path;
    return NULL;
}

enum nvc_status
template_expand(const void *data, size_t len, const struct template_root *roots, size_t n,
                struct buf *out)
{
    struct wire_reader reader;

    wire_read_init(&reader, data, len);
    for (;;) {
        const uint32_t literal = wire_u32(&reader);
        const uint8_t *text = wire_bytes(&reader, literal);
        const unsigned kind = wire_u8(&reader);
        const char *path;

        if (reader.bad)
            return NVC_ERR_CORRUPT;
        buf_append(out, text, literal);
        if (kind == TEMPLATE_END)
            return wire_done(&reader) ? NVC_OK : NVC_ERR_CORRUPT;
        path = path_of(roots, n, kind, wire_u8(&reader));
        if (path == NULL)
            return NVC_ERR_CORRUPT;
        buf_append_str(out, path);
    }
}
