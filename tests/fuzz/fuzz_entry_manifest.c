/* Manifest and result records from any bytes: refused or decoded, and what was
 * decoded can be used and encoded again. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Outputs up to this size are unpacked; larger ones only cost the fuzzer's time. */
enum {
    UNPACK_MAX = 1 << 20
};

static void
use_manifest(struct arena *arena, const uint8_t *data, size_t size)
{
    struct manifest manifest;
    AUTO_BUF again = BUF_INIT;

    if (manifest_decode(arena, data, size, &manifest) != NVC_OK)
        return;
    for (size_t i = 0; i < manifest.n_files; i++)
        if (manifest.files[i].dir >= manifest.n_dirs ||
            strlen(manifest.files[i].name) > size)
            abort();
    manifest_encode(&manifest, &again);
    if (again.len != size || memcmp(again.data, data, size) != 0)
        abort();
}

static void
use_packed(struct arena *arena, const uint8_t *data, size_t size)
{
    struct manifest manifest;
    AUTO_BUF again = BUF_INIT;

    if (manifest_unpack(arena, data, size, &manifest) != NVC_OK)
        return;
    manifest_pack(&manifest, 1, &again);
    if (manifest_unpack(arena, again.data, again.len, &manifest) != NVC_OK)
        abort();
}

static void
use_result(const uint8_t *data, size_t size)
{
    static const struct template_root roots[] = {{1, 0, "/here"}};
    struct result result;

    if (result_decode(data, size, &result) != NVC_OK)
        return;
    for (size_t i = 0; i < result.n; i++) {
        AUTO_BUF plain = BUF_INIT;
        AUTO_BUF text = BUF_INIT;

        if (result.parts[i].plain_len > UNPACK_MAX ||
            result_unpack(&result.parts[i], &plain) != NVC_OK)
            continue;
        if (template_expand(plain.data, plain.len, roots, 1, &text) != NVC_OK)
            continue;
        (void)buf_str(&text);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;

    use_manifest(&arena, data, size);
    use_packed(&arena, data, size);
    use_result(data, size);
    arena_fini(&arena);
    return 0;
}
