/* Reading macros out of anything: whatever stands before it, behind the end of a comment
 * a line that mentions __FILE__ is seen, and so is a macro that is defined and used in
 * lines of their own. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/nvcc/mentions.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_shows(const uint8_t *data, size_t size, const char *more)
{
    struct arena arena = ARENA_INIT;
    struct mentions *mentions = mentions_new(&arena, 2, 0);
    AUTO_BUF text = BUF_INIT;

    buf_append(&text, data, size);
    buf_append_str(&text, "\n*/\n\n");
    buf_append_str(&text, more);
    mentions_add_file(mentions, 1, (const char *)text.data, text.len);
    mentions_finish(mentions);
    if (!mentions_shows(mentions, 1))
        abort();
    arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_shows(data, size, "__FILE__");
    check_shows(data, size, "#define at_here __FILE__\nat_here");
    return 0;
}
