/* record_open on anything: what it accepts lies inside the data and is what sealing
 * gives; what was sealed and then changed in one place is refused. */

#include "nvcache/entry/record.h"

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
open_anything(const struct record_key *key, const uint8_t *data, size_t size)
{
    const uint8_t *payload = NULL;
    uint8_t *again;
    size_t len = 0;

    if (record_open(key, data, size, &payload, &len) != NVC_OK) {
        check(payload == NULL && len == 0);
        return;
    }
    check(payload >= data && payload + len == data + size);
    again = malloc(record_size(key, len));
    check(again != NULL && record_size(key, len) == size);
    record_seal(key, payload, len, again);
    check(memcmp(again, data, size) == 0);
    free(again);
}

static void
seal_change_open(const struct record_key *key, const uint8_t *data, size_t size)
{
    const size_t total = record_size(key, size);
    uint8_t *const record = malloc(total);
    const uint8_t *payload;
    size_t len, at;

    check(record != NULL);
    record_seal(key, data, size, record);
    check(record_open(key, record, total, &payload, &len) == NVC_OK);
    check(len == size && (size == 0 || memcmp(payload, data, size) == 0));
    at = (size > 2 ? (size_t)data[1] << 8 | data[2] : 7) % total;
    record[at] ^= (uint8_t)(size > 3 && data[3] != 0 ? data[3] : 1);
    check(record_open(key, record, total, &payload, &len) != NVC_OK);
    free(record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_key key = {.len = 1};

    if (size == 0)
        return 0;
    key.len = (uint8_t)(1 + data[0] % RECORD_KEY_MAX);
    /* The key of the input itself when it looks like a record: the way deeper in. */
    if (size > RECORD_HEADER_SIZE && data[5] > 0 && data[5] <= RECORD_KEY_MAX &&
        size >= (size_t)RECORD_HEADER_SIZE + data[5]) {
        key.len = data[5];
        memcpy(key.bytes, data + RECORD_HEADER_SIZE, key.len);
    }
    open_anything(&key, data, size);
    seal_change_open(&key, data, size);
    return 0;
}
