/* The layout of PTX, line by line: a WORD stands for characters that are no blanks,
 * blanks for themselves, a comment follows its mark, and at the end of the line comes
 * whatever is left of the dense one.  Must never give back another text. */

#include "nvcache/plan/ptxlayout.h"

#include "nvcache/base/buf.h"

#include <string.h>

enum {
    WORD = 1,
    COMMENT = 2
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_comment(const char *at, const char *end)
{
    return end - at >= 2 && at[0] == '/' && at[1] == '/';
}

static const char *
blanks_end(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static const char *
word_end(const char *at, const char *end)
{
    while (at < end && !is_blank(*at) && *at != '\n' && !is_comment(at, end))
        at++;
    return at;
}

static const char *
line_end(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));

    return found != NULL ? found : end;
}

/* One line, without its end. */
static void
split_line(const char *at, const char *end, struct buf *dense, struct buf *layout)
{
    const char *const begin = at;
    size_t needed = layout->len; /* what comes behind is as the dense line says */

    while (at < end) {
        const char *next = blanks_end(at, end);

        if (next > at) {
            const size_t kept = at == begin ? 0 : 1;

            buf_append(dense, at, kept);
            buf_append(layout, at, (size_t)(next - at));
            if ((size_t)(next - at) != kept)
                needed = layout->len;
        } else if (is_comment(at, end)) {
            next = end;
            buf_append_char(layout, COMMENT);
            buf_append(layout, at, (size_t)(end - at));
            needed = layout->len;
        } else {
            next = word_end(at, end);
            buf_append(dense, at, (size_t)(next - at));
            buf_append_char(layout, WORD);
        }
        at = next;
    }
    layout->len = needed;
}

static void
split(const char *text, size_t len, struct buf *dense, struct buf *layout)
{
    const char *const text_end = text + len;

    for (const char *at = text; at < text_end;) {
        const char *const end = line_end(at, text_end);

        split_line(at, end, dense, layout);
        at = end;
        if (at < text_end) {
            buf_append_char(dense, *at);
            buf_append_char(layout, *at++);
        }
    }
    buf_append_char(dense, '\0');
}

bool
ptxlayout_split(const char *text, size_t len, struct buf *out_dense,
                struct buf *out_layout)
{
    const size_t dense = out_dense->len;
    const size_t layout = out_layout->len;
    AUTO_BUF again = BUF_INIT;

    split(text, len, out_dense, out_layout);
    return ptxlayout_join((const char *)out_dense->data + dense, out_dense->len - dense,
                          buf_str(out_layout) + layout, out_layout->len - layout,
                          &again) == NVC_OK &&
           again.len == len && memcmp(buf_str(&again), text, len) == 0;
}

/* ---- the way back ---- */

struct joiner {
    const char *dense;
    const char *dense_end;
    const char *layout;
    const char *layout_end;
};

static void
copy_dense(struct joiner *joiner, const char *end, struct buf *out)
{
    buf_append(out, joiner->dense, (size_t)(end - joiner->dense));
    joiner->dense = end;
}

static void
copy_layout(struct joiner *joiner, const char *end, struct buf *out)
{
    buf_append(out, joiner->layout, (size_t)(end - joiner->layout));
    joiner->layout = end;
}

/* False: that is no mark. */
static bool
join_mark(struct joiner *joiner, struct buf *out)
{
    switch (*joiner->layout) {
    case WORD:
        joiner->layout++;
        copy_dense(joiner, word_end(joiner->dense, joiner->dense_end), out);
        break;
    case COMMENT:
        joiner->layout++;
        copy_layout(joiner, line_end(joiner->layout, joiner->layout_end), out);
        break;
    case '\n':
        copy_dense(joiner, line_end(joiner->dense, joiner->dense_end), out);
        if (joiner->dense < joiner->dense_end)
            copy_dense(joiner, joiner->dense + 1, out);
        joiner->layout++;
        break;
    case ' ':
    case '\t':
        joiner->dense = blanks_end(joiner->dense, joiner->dense_end);
        copy_layout(joiner, blanks_end(joiner->layout, joiner->layout_end), out);
        break;
    default:
        return false;
    }
    return true;
}

enum nvc_status
ptxlayout_join(const char *dense, size_t len, const char *layout, size_t layout_len,
               struct buf *out)
{
    struct joiner joiner = {dense, dense + len, layout, layout + layout_len};

    if (len == 0 || joiner.dense_end[-1] != '\0')
        return NVC_ERR_CORRUPT;
    joiner.dense_end--;
    while (joiner.layout < joiner.layout_end)
        if (!join_mark(&joiner, out))
            return NVC_ERR_CORRUPT;
    copy_dense(&joiner, joiner.dense_end, out);
    return NVC_OK;
}
