#ifndef NVCACHE_CLI_WATCH_PRIV_H
#define NVCACHE_CLI_WATCH_PRIV_H

#include "nvcache/sched/budget.h"
#include "nvcache/sched/pool.h"
#include "nvcache/store/counters.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define WATCH_STEP_MAX 48

/* What `nvcache watch` has to show at one moment. */
struct watch_row {
    struct pool_entry entry;
    char step[WATCH_STEP_MAX]; /* "cicc compute_90a", or "" */
};

struct watch_view {
    int64_t now_ns; /* of the clock that only moves forward */
    struct budget budget;
    struct watch_row *rows; /* running and waiting, as they came */
    size_t n;
    struct counters before; /* when watching began */
    struct counters now;
    int width; /* of the terminal */
};

/* The table, for a terminal or for `--once`. */
void watch_put_page(struct buf *out, const struct watch_view *view);

/* One line, for logs. */
void watch_put_line(struct buf *out, const struct watch_view *view);

#endif
