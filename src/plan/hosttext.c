/* Looking at the host's C++, once, and keeping what was seen. */

#include "nvcache/plan/hosttext.h"

#include "nvcache/base/strlist.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/scan.h"
#include "nvcache/plan/text.h"

#include <string.h>

enum {
    DIRECTIVES_MAX = 64 << 10,
    ARCHITECTURES_MAX = 4 << 10
};

void
hosttext_fini(struct hosttext *of)
{
    buf_fini(&of->directives);
    buf_fini(&of->architectures);
}

size_t
hosttext_name_len(const char *at)
{
    static const char of_names[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    return strspn(at, of_names);
}

/* Each on a line of its own, once. */
static void
add_name(const char *at, struct buf *names)
{
    const size_t before = names->len;
    const char *line;

    buf_append_char(names, '\n');
    buf_append(names, at, hosttext_name_len(at));
    buf_append_char(names, '\n');
    line = (const char *)names->data + before;
    if (memmem(names->data, before + 1, line, names->len - before) != NULL)
        names->len = before;
    else
        names->len--;
}

/* False: there are too many. */
static bool
find_architectures(const char *text, size_t len, struct buf *out)
{
    static const char common[] = "__CUDA_";
    const char *const end = text + len;

    for (const char *at = text;
         (at = memmem(at, (size_t)(end - at), common, strlen(common))) != NULL; at++)
        if (str_starts(at, HOSTTEXT_ARCH) || str_starts(at, HOSTTEXT_HAS_ARCH)) {
            add_name(at, out);
            if (out->len > ARCHITECTURES_MAX)
                return false;
        }
    return true;
}

void
hosttext_look(const char *text, size_t len, struct hosttext *out)
{
    out->is_known = true;
    out->takes_files = scan_takes_files(text, len);
    out->has_tokens =
        text_digest_tokens(text, len, NULL, &out->tokens, &out->directives) &&
        find_architectures(text, len, &out->architectures);
}

bool
hosttext_encode(struct hosttext *of, struct buf *out)
{
    if (!of->has_tokens || of->directives.len > DIRECTIVES_MAX ||
        memchr(buf_str(&of->directives), '\0', of->directives.len) != NULL)
        return false;
    wire_put_u8(out, of->takes_files);
    wire_put_digest(out, &of->tokens);
    wire_put_str(out, buf_str(&of->directives));
    wire_put_str(out, buf_str(&of->architectures));
    return true;
}

bool
hosttext_decode(const void *data, size_t len, struct hosttext *out)
{
    struct wire_reader reader;
    const char *directives;
    const char *architectures;

    wire_read_init(&reader, data, len);
    out->takes_files = wire_u8(&reader) != 0;
    out->tokens = wire_digest(&reader);
    directives = wire_str(&reader, DIRECTIVES_MAX);
    architectures = wire_str(&reader, ARCHITECTURES_MAX);
    if (!wire_done(&reader))
        return false;
    buf_append_str(&out->directives, directives);
    buf_append_str(&out->architectures, architectures);
    out->is_known = out->has_tokens = true;
    return true;
}
