/* Excerpts of anything from files of anything: never a crash, and what comes out has the
 * length that was told. */

#include "nvcache/base/buf.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/plan/excerpt.h"

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
find_and_take(const uint8_t *data, size_t size)
{
    const size_t begin = size / 3;
    const size_t len = size / 2;
    AUTO_BUF out = BUF_INIT;
    struct excerpt excerpt;

    if (len == 0)
        return;
    check(excerpt_find(data, size, data + begin, len, &excerpt));
    check(excerpt_take(data, size, &excerpt, &out) == NVC_OK);
    check(out.len == len && memcmp(out.data, data + begin, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_reader reader;
    struct excerpt excerpt;
    AUTO_BUF out = BUF_INIT;

    wire_read_init(&reader, data, size);
    if (excerpt_decode(&reader, &excerpt) && excerpt.plain_len <= (1u << 20) &&
        excerpt_take(reader.at, (size_t)(reader.end - reader.at), &excerpt, &out) ==
            NVC_OK)
        check(out.len == excerpt.plain_len);
    find_and_take(data, size);
    return 0;
}
