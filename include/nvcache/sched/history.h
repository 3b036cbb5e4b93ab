#ifndef NVCACHE_SCHED_HISTORY_H
#define NVCACHE_SCHED_HISTORY_H

#include "nvcache/digest/checksum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What compiles have needed: a small table beside the store.
 *
 * One file of fixed size (1 MiB, sparse), 16,384 rows in buckets of four; each row is
 * written with one pwrite and has a checksum, so that no lock is needed and damage is
 * absence. In a full bucket the row that was used longest ago makes way.  Keys are not
 * cache keys: an edit must not lose what is known of a unit. */

/* Its name in the cache directory; the number is the version of its format. */
#define HISTORY_FILE "memory-v1"

struct history_row {
    uint64_t peak_bytes;    /* of the whole process tree */
    uint64_t largest_bytes; /* of its largest process */
    uint64_t wall_us;
    uint32_t when_s; /* seconds since 1970 */
    uint16_t count;  /* how often it was measured; 0: raised after a kill */
    uint16_t lanes;  /* compile chains at once; at least 1 in a row that was written */
};

struct history;

/* Open or make it.  When that fails *out is NULL, for which every function here does
 * nothing.  `umask`: -1 for the owner only. */
void history_open(const char *path, int umask, bool read_only, struct history **out);
void history_close(struct history *history);

bool history_get(struct history *history, struct checksum key, struct history_row *out);
void history_put(struct history *history, struct checksum key,
                 const struct history_row *row);

/* Every good row, in no order. */
typedef void history_visitor(const struct history_row *row, void *arg);
void history_each(struct history *history, history_visitor *visit, void *arg);

#endif
