/* Texts of anything come back from their parts; parts of anything (the first byte says
 * where the second begins) give a text no longer than both, or nothing. */

#include "nvcache/base/buf.h"
#include "nvcache/plan/ptxlayout.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static void
split_and_join(const char *text, size_t len)
{
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF layout = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    if (!ptxlayout_split(text, len, &dense, &layout))
        return;
    check(ptxlayout_join(buf_str(&dense), dense.len, buf_str(&layout), layout.len,
                         &back) == NVC_OK);
    check(back.len == len && memcmp(buf_str(&back), text, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    AUTO_BUF out = BUF_INIT;
    size_t len;

    if (size == 0)
        return 0;
    split_and_join(text + 1, size - 1);
    len = data[0] % size;
    if (ptxlayout_join(text + 1, len, text + 1 + len, size - 1 - len, &out) == NVC_OK)
        check(out.len < size);
    return 0;
}
