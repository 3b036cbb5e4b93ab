/* The bytes of the counters: any log and any sum can be read; what is decoded encodes to
 * the same bytes; good records are found behind garbage. */

#include "tally_priv.h"

#include <stdbool.h>
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
decode_anything(const uint8_t *data, size_t size)
{
    AUTO_BUF again = BUF_INIT;
    struct tally tally;

    if (tally_decode(data, size, &tally) != NVC_OK)
        return;
    tally_encode(&tally, &again);
    check(again.len >= size);
}

static void
find_record_behind(const uint8_t *data, size_t size)
{
    const struct counters_event event = {.outcome = NVC_HIT_MANIFEST, .saved_us = 1};
    struct counters before, after;
    AUTO_BUF log = BUF_INIT;

    memset(&before, 0, sizeof(before));
    memset(&after, 0, sizeof(after));
    buf_append(&log, data, size);
    tally_add_log(&before, log.data, log.len);
    tally_put_event(&log, &event, 1);
    tally_add_log(&after, log.data, log.len);
    check(after.by_status[NVC_HIT_MANIFEST] == before.by_status[NVC_HIT_MANIFEST] + 1);
    check(after.damaged == before.damaged);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode_anything(data, size);
    find_record_behind(data, size);
    return 0;
}
