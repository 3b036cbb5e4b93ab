/* Objects of anything (the first two bytes say how long the new image is): never a crash;
 * an object that got an image has it, and getting its own again changes nothing. */

#include "nvcache/base/buf.h"
#include "nvcache/plan/image.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t image[4096];
    AUTO_BUF object = BUF_INIT;
    AUTO_BUF again = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;
    size_t len;

    if (size < 2)
        return 0;
    len = (size_t)(data[0] | data[1] << 8) % (sizeof(image) / 8) * 8;
    memset(image, 0x5a, sizeof(image));
    if (image_splice(data + 2, size - 2, image, len, &object) != NVC_OK)
        return 0;
    check(len == 0 || memmem(object.data, object.len, image, len) != NULL);
    check(image_splice(object.data, object.len, image, len, &again) == NVC_OK);
    check(again.len == object.len && memcmp(again.data, object.data, again.len) == 0);
    if (image_strip(object.data, object.len, image, len, &stripped) == NVC_OK) {
        buf_clear(&again);
        check(image_splice(stripped.data, stripped.len, image, len, &again) == NVC_OK);
        check(again.len == object.len && memcmp(again.data, object.data, again.len) == 0);
    }
    return 0;
}
