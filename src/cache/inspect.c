/* Looking into stored records: decodes each the way a replay would. */

#include "nvcache/cache/inspect.h"

#include "key_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/toolchain.h"
#include "nvcache/plan/plan.h"
#include "stepfile_priv.h"

/* A record of another version belongs to another nvcache that shares the cache. */
static bool
is_good(enum nvc_status decoded)
{
    return decoded == NVC_OK || decoded == NVC_ERR_FORMAT;
}

static bool
is_good_manifest(const struct store_value *value)
{
    struct arena arena = ARENA_INIT;
    struct manifest manifest;
    const enum nvc_status st =
        manifest_unpack(&arena, value->data, value->len, &manifest);

    arena_fini(&arena);
    return is_good(st);
}

static bool
is_good_result(const struct store_value *value)
{
    struct result result;
    const enum nvc_status st = result_decode(value->data, value->len, &result);

    if (st != NVC_OK)
        return is_good(st);
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
    return is_good(st);
}

/* A step's record is a result behind its version and its cost. */
static bool
is_good_step(const struct store_value *value)
{
    struct wire_reader reader;
    struct store_value result;

    wire_read_init(&reader, value->data, value->len);
    if (wire_u16(&reader) != STEP_VERSION)
        return !reader.bad; /* another nvcache's */
    wire_u64(&reader);
    result = (struct store_value){reader.at, (size_t)(reader.end - reader.at)};
    return !reader.bad && is_good_result(&result);
}

static bool
is_good_plan(const struct store_value *value)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;
    const enum nvc_status st = plan_decode(&arena, value->data, value->len, &plan);

    arena_fini(&arena);
    return st == NVC_OK || st == NVC_UNPLANNED_LINE;
}

bool
inspect_record(const struct record_key *key, struct store_value value, void *arg)
{
    (void)arg;
    switch (key->bytes[0]) {
    case RECORD_MANIFEST:
        return is_good_manifest(&value);
    case RECORD_RESULT:
    case RECORD_PIECE:
        return is_good_result(&value);
    case RECORD_LAYOUT:
        return is_good_layout(&value);
    case RECORD_PLAN:
        return is_good_plan(&value);
    case RECORD_STEP:
        return is_good_step(&value);
    default:
        return true;
    }
}
