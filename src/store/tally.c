/* What the counters look like as bytes.  A log record has a fixed size, a magic number
 * and a checksum, so that a reader finds the next good one behind a torn one (a full disk
 * can cut a record short); the sum has a checksum over all of it.
 *
 * The numbers of statuses are stable for ever (status.def), so that a log of an older
 * nvcache can be read by a newer one.  Must never believe a number out of range. */

#include "tally_priv.h"

#include "nvcache/digest/checksum.h"
#include "nvcache/entry/wire.h"

#include <string.h>

#define RECORD_MAGIC 0x3143564eU /* "NVC1" */
#define SUM_MAGIC    0x3153564eU /* "NVS1" */
#define CHECKSUM     8

#define OLD_RECORD_SIZE 64 /* up to version 2, without steps */

_Static_assert(COUNTERS_MAX_ERRORS == 6, "layout of the log record");
_Static_assert(COUNTERS_STEPS == 4, "layout of the log record");

static void
put_checksum(struct buf *out, size_t start)
{
    wire_put_u64(out, checksum64(out->data + start, out->len - start, 0));
}

void
tally_put_event(struct buf *out, const struct counters_event *event, int64_t now_s)
{
    const size_t start = out->len;

    wire_put_u32(out, RECORD_MAGIC);
    wire_put_u8(out, COUNTERS_VERSION);
    wire_put_u8(out, (uint8_t)event->outcome);
    wire_put_u8(out, (uint8_t)event->nostore);
    for (size_t i = 0; i < COUNTERS_MAX_ERRORS; i++)
        wire_put_u8(out, (uint8_t)event->errors[i]);
    wire_put_u8(out, (uint8_t)event->unplanned);
    wire_put_u16(out, 0);
    wire_put_u64(out, (uint64_t)now_s);
    wire_put_u64(out, event->saved_us);
    wire_put_u64(out, event->compile_us);
    wire_put_u64(out, event->bytes);
    wire_put_u64(out, event->wait_us);
    for (size_t i = 0; i < COUNTERS_STEPS; i++) {
        wire_put_u8(out, event->steps_reused[i]);
        wire_put_u8(out, event->steps_run[i]);
    }
    put_checksum(out, start);
}

struct record {
    size_t size;
    uint8_t statuses[3 + COUNTERS_MAX_ERRORS];
    uint8_t steps[2 * COUNTERS_STEPS]; /* reused, run of each */
    uint64_t time_s;
    uint64_t saved_us;
    uint64_t compile_us;
    uint64_t bytes;
    uint64_t wait_us;
};

/* Version 1 had nothing of waiting: 0 in a log record, no field in a sum.  Version 2 had
 * no steps. */
static bool
is_known_version(uint32_t version)
{
    return version >= 1 && version <= COUNTERS_VERSION;
}

static bool
has_good_statuses(const struct record *record)
{
    for (size_t i = 0; i < sizeof(record->statuses); i++)
        if (record->statuses[i] >= NVC_STATUS_LIMIT)
            return false;
    return true;
}

/* `len` bytes are there, of which a record may be the first. */
static bool
read_record(const uint8_t *data, size_t len, struct record *out)
{
    struct wire_reader reader;
    const uint8_t *statuses, *steps;
    uint8_t version;

    wire_read_init(&reader, data, len);
    if (wire_u32(&reader) != RECORD_MAGIC)
        return false;
    version = wire_u8(&reader);
    out->size = version < 3 ? OLD_RECORD_SIZE : TALLY_RECORD_SIZE;
    if (!is_known_version(version) || len < out->size)
        return false;
    statuses = wire_bytes(&reader, sizeof(out->statuses));
    memcpy(out->statuses, statuses, sizeof(out->statuses));
    wire_bytes(&reader, 2);
    out->time_s = wire_u64(&reader);
    out->saved_us = wire_u64(&reader);
    out->compile_us = wire_u64(&reader);
    out->bytes = wire_u64(&reader);
    out->wait_us = wire_u64(&reader);
    memset(out->steps, 0, sizeof(out->steps));
    steps = version < 3 ? out->steps : wire_bytes(&reader, sizeof(out->steps));
    memmove(out->steps, steps, sizeof(out->steps));
    return wire_u64(&reader) == checksum64(data, out->size - CHECKSUM, 0) &&
           has_good_statuses(out);
}

static void
add_record(struct counters *counters, const struct record *record)
{
    for (size_t i = 0; i < sizeof(record->statuses); i++)
        if (record->statuses[i] != NVC_OK)
            counters->by_status[record->statuses[i]]++;
    for (size_t i = 0; i < COUNTERS_STEPS; i++) {
        counters->steps_reused[i] += record->steps[2 * i];
        counters->steps_run[i] += record->steps[2 * i + 1];
    }
    counters->saved_us += record->saved_us;
    counters->compile_us += record->compile_us;
    counters->wait_us += record->wait_us;
    if (status_kind((enum nvc_status)record->statuses[0]) == NVC_KIND_HIT)
        counters->bytes_replayed += record->bytes;
    else
        counters->bytes_recorded += record->bytes;
    if (counters->since_s == 0)
        counters->since_s = (int64_t)record->time_s;
}

void
tally_add_log(struct counters *counters, const uint8_t *log, size_t len)
{
    struct record record;
    bool lost = false;
    size_t at = 0;

    while (at < len) {
        const bool good = read_record(log + at, len - at, &record);

        if (good)
            add_record(counters, &record);
        else if (!lost)
            counters->damaged++;
        lost = !good;
        at += good ? record.size : 1;
    }
}

void
tally_encode(const struct tally *tally, struct buf *out)
{
    const struct counters *const counters = &tally->counters;
    const size_t start = out->len;

    wire_put_u32(out, SUM_MAGIC);
    wire_put_u32(out, COUNTERS_VERSION);
    wire_put_u64(out, tally->sequence);
    wire_put_u64(out, (uint64_t)counters->since_s);
    wire_put_u64(out, counters->saved_us);
    wire_put_u64(out, counters->compile_us);
    wire_put_u64(out, counters->bytes_replayed);
    wire_put_u64(out, counters->bytes_recorded);
    wire_put_u64(out, counters->damaged);
    wire_put_u64(out, counters->wait_us);
    wire_put_u32(out, NVC_STATUS_LIMIT);
    for (size_t i = 0; i < NVC_STATUS_LIMIT; i++)
        wire_put_u64(out, counters->by_status[i]);
    for (size_t i = 0; i < COUNTERS_STEPS; i++) {
        wire_put_u64(out, counters->steps_reused[i]);
        wire_put_u64(out, counters->steps_run[i]);
    }
    put_checksum(out, start);
}

static void
read_sum(struct wire_reader *reader, uint32_t version, struct tally *tally)
{
    struct counters *const counters = &tally->counters;
    uint32_t n;

    tally->sequence = wire_u64(reader);
    counters->since_s = (int64_t)wire_u64(reader);
    counters->saved_us = wire_u64(reader);
    counters->compile_us = wire_u64(reader);
    counters->bytes_replayed = wire_u64(reader);
    counters->bytes_recorded = wire_u64(reader);
    counters->damaged = wire_u64(reader);
    counters->wait_us = version > 1 ? wire_u64(reader) : 0;
    n = wire_count(reader, NVC_STATUS_LIMIT, sizeof(uint64_t));
    for (uint32_t i = 0; i < n; i++)
        counters->by_status[i] = wire_u64(reader);
    for (size_t i = 0; i < COUNTERS_STEPS && version > 2; i++) {
        counters->steps_reused[i] = wire_u64(reader);
        counters->steps_run[i] = wire_u64(reader);
    }
}

enum nvc_status
tally_decode(const uint8_t *data, size_t len, struct tally *out)
{
    struct wire_reader reader;
    struct tally tally = {.sequence = 0};
    uint32_t magic, version;

    wire_read_init(&reader, data, len);
    magic = wire_u32(&reader);
    version = wire_u32(&reader);
    if (reader.bad || magic != SUM_MAGIC || len < CHECKSUM)
        return NVC_ERR_CORRUPT;
    if (!is_known_version(version))
        return NVC_ERR_FORMAT;
    read_sum(&reader, version, &tally);
    if (wire_u64(&reader) != checksum64(data, len - CHECKSUM, 0) || !wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = tally;
    return NVC_OK;
}
