#ifndef NVCACHE_CLI_STATS_PRIV_H
#define NVCACHE_CLI_STATS_PRIV_H

#include "nvcache/store/counters.h"
#include "nvcache/store/store.h"

#include <stdbool.h>

struct buf;

/* What `nvcache stats` has to tell, and the two ways of telling it. */
struct stats {
    const char *dir;
    uint64_t peak_bytes; /* the most that one compile has needed; 0: not known */
    struct counters counters;
    struct store_usage usage;
    bool is_read_only; /* results are used, none can be added */
};

/* The format that docs/stats-json.md describes: raised when a key goes away or changes
 * its meaning.  test_stats_json.c holds the keys of each number. */
#define STATS_JSON_FORMAT 1

void stats_put_json(struct buf *out, const struct stats *stats);

/* The page for a person. */
void stats_put_page(struct buf *out, const struct stats *stats, bool colour);

/* All counts of one kind. */
uint64_t stats_sum(const struct counters *counters, enum nvc_kind kind);

#endif
