#ifndef NVCACHE_STORE_TALLY_PRIV_H
#define NVCACHE_STORE_TALLY_PRIV_H

#include "nvcache/base/buf.h"
#include "nvcache/base/status.h"
#include "nvcache/store/counters.h"

#include <stddef.h>
#include <stdint.h>

/* The bytes of the counters: records of the log, and the sum of many.  No files here. */

#define TALLY_RECORD_SIZE 72

/* Counters with what folding needs to know. */
struct tally {
    struct counters counters;
    uint64_t sequence; /* the highest log that is already in here */
};

/* Append one log record (TALLY_RECORD_SIZE bytes). */
void tally_put_event(struct buf *out, const struct counters_event *event, int64_t now_s);

/* Add all records of a log.  What is not a record is passed over; each such stretch is
 * counted once as damaged. */
void tally_add_log(struct counters *counters, const uint8_t *log, size_t len);

void tally_encode(const struct tally *tally, struct buf *out);
/* ERR_CORRUPT, ERR_FORMAT. */
NVC_NODISCARD enum nvc_status tally_decode(const uint8_t *data, size_t len,
                                           struct tally *out);

#endif
