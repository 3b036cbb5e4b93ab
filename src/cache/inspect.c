/* Looking into stored records: decodes each the way a replay would. */

#include "nvcache/cache/inspect.h"

#include "key_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/nvcc/toolchain.h"

static bool
is_good_manifest(const struct store_value *value)
{
    struct arena arena = ARENA_INIT;
    struct manifest manifest;
    const enum nvc_status st =
        manifest_unpack(&arena, value->data, value->len, &manifest);

    arena_fini(&arena);
    return st == NVC_OK;
}

static bool
is_good_result(const struct store_value *value)
{
    struct result result;

    if (result_decode(value->data, value->len, &result) != NVC_OK)
        return false;
    for (size_t i = 0; i < result.n; i++) {
        AUTO_BUF plain = BUF_INIT;

        if (result_unpack(&result.parts[i], &plain) != NVC_OK)
            return false;
    }
    return true;
}

static bool
is_good_layout(const struct store_value *value)
{
    struct arena arena = ARENA_INIT;
    struct toolchain_layout layout;
    const enum nvc_status st =
        toolchain_layout_decode(&arena, value->data, value->len, &layout);

    arena_fini(&arena);
    return st == NVC_OK;
}

bool
inspect_record(const struct record_key *key, struct store_value value, void *arg)
{
    (void)arg;
    switch (key->bytes[0]) {
    case RECORD_MANIFEST:
        return is_good_manifest(&value);
    case RECORD_RESULT:
        return is_good_result(&value);
    case RECORD_LAYOUT:
        return is_good_layout(&value);
    default:
        return true;
    }
}
