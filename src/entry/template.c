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

const struct template_root *
template_next(const char *text, size_t len, const struct template_root *roots, size_t n,
              size_t *at)
{
    for (; *at < len; (*at)++) {
        const struct template_root *root = NULL;

        if (*at == 0 || !is_name_char(text[*at - 1]))
            root = root_at(text + *at, text + len, roots, n);
        if (root != NULL)
            return root;
    }
    return NULL;
}

void
template_make(const char *text, size_t len, const struct template_root *roots, size_t n,
              struct buf *out)
{
    const struct template_root *root;
    size_t begin = 0;
    size_t at = 0;

    while ((root = template_next(text, len, roots, n, &at)) != NULL) {
        put_literal(out, text + begin, at - begin);
        wire_put_u8(out, root->kind);
        wire_put_u8(out, root->index);
        at += strlen(root->path);
        begin = at;
    }
    put_literal(out, text + begin, len - begin);
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
