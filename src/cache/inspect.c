/* Looking into stored records: decodes each the way a replay would. */

#include "nvcache/cache/inspect.h"

#include "key_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/nvcc/toolchain.h"

static enum nvc_status
decode_group(struct arena *arena, const struct watch_group *group, bool is_chain)
{
    struct search_record search;
    struct search_quotes quotes;

    return is_chain
               ? search_chain_decode(arena, group->record, group->record_len, &search)
               : search_quotes_decode(arena, group->record, group->record_len, &quotes);
}

static bool
is_good_manifest(const struct store_value *value)
{
    struct arena arena = ARENA_INIT;
    struct manifest manifest = {0};
    enum nvc_status st = manifest_decode(&arena, value->data, value->len, &manifest);

    for (size_t i = 0; i < manifest.n_groups && st == NVC_OK; i++)
        st = decode_group(&arena, &manifest.groups[i], i == 0);
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
