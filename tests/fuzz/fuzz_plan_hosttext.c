/* Records of anything are refused or can be written again; what texts of anything tell is
 * read as it was. */

#include "nvcache/base/buf.h"
#include "nvcache/plan/hosttext.h"

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
look_and_keep(const uint8_t *data, size_t size)
{
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF told = BUF_INIT;
    AUTO_BUF again = BUF_INIT;
    struct hosttext of = {0};
    struct hosttext back = {0};

    buf_append(&text, data, size);
    hosttext_look(buf_str(&text), text.len, &of);
    if (hosttext_encode(&of, &told)) {
        check(hosttext_decode(told.data, told.len, &back));
        check(hosttext_encode(&back, &again));
        check(again.len == told.len && memcmp(again.data, told.data, told.len) == 0);
    }
    hosttext_fini(&of);
    hosttext_fini(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hosttext of = {0};
    AUTO_BUF again = BUF_INIT;

    if (hosttext_decode(data, size, &of))
        check(hosttext_encode(&of, &again) && again.len == size);
    hosttext_fini(&of);
    look_and_keep(data, size);
    return 0;
}
