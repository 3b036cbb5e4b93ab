/* The banker's arithmetic on the table of those who run. */

#include "safety_priv.h"

/* Shorter than this, and it is over before anybody could be paused. */
#define SHORT_US UINT64_C(5000000)

/* Heavy compiles use a quarter to two fifths of their peak on the average (eight units of
 * CUTLASS and FlashAttention). */
#define TIMES 3

#define CUSHION_MAX (UINT64_C(128) << 20)

static uint64_t
minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* By how much it will still grow.  One that has outgrown its prediction will go on
 * growing; by how much nobody knows.  A quarter more is assumed, and less of one that is
 * hardly above it. */
static uint64_t
growth_of(const struct pool_entry *entry)
{
    const uint64_t now = entry->now_bytes;
    const uint64_t need = entry->need_bytes;

    if (now <= need)
        return need - now;
    return (now - need) * 4 < now / 4 ? (now - need) * 4 : now / 4;
}

unsigned
safety_times(const struct pool_entry *entry)
{
    const bool is_short = entry->expected_us > 0 && entry->expected_us < SHORT_US;

    return entry->may_pause && !is_short ? TIMES : 1;
}

uint64_t
safety_cushion(uint64_t need_bytes)
{
    return need_bytes / 4 < CUSHION_MAX ? need_bytes / 4 : CUSHION_MAX;
}

static bool
is_live(const struct pool_entry *entry, int64_t now_ns)
{
    return entry->state == POOL_RUNNING && !pool_is_stale(entry, now_ns);
}

static bool
is_ahead(const struct pool_entry *a, const struct pool_entry *b)
{
    const uint64_t growth_a = growth_of(a);
    const uint64_t growth_b = growth_of(b);

    if (growth_a != growth_b)
        return growth_a < growth_b;
    return a->started_ns != b->started_ns ? a->started_ns < b->started_ns
                                          : a->pid < b->pid;
}

/* What those ahead of `entry` use now; they have given it back when its turn comes. */
static uint64_t
used_ahead(const struct pool_entry *entry, const struct pool_entry *others, size_t n,
           int64_t now_ns, size_t *count)
{
    uint64_t used = 0;

    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_live(&others[i], now_ns) ||
            (entry != NULL && !is_ahead(&others[i], entry)))
            continue;
        used += others[i].now_bytes;
        ++*count;
    }
    return used;
}

static void
add(struct safety *safety, const struct pool_entry *entry)
{
    const uint64_t growth = growth_of(entry);
    const uint64_t share = entry->need_bytes / safety_times(entry);
    const uint64_t on_average = minus(share, entry->now_bytes);
    const uint64_t extra = minus(growth, on_average);

    safety->running++;
    safety->promised_bytes += entry->now_bytes + growth;
    safety->shared_bytes += on_average;
    /* A need that was measured is not outgrown: pausing alone will do. */
    if (entry->expected_us == 0 && extra > safety->extra_bytes)
        safety->extra_bytes = extra;
    safety->has_paused = safety->has_paused || entry->is_paused;
}

static void
add_ahead(struct safety *safety, const struct pool_entry *entry,
          const struct pool_entry *others, size_t n, int64_t now_ns)
{
    size_t before;
    const uint64_t back = used_ahead(entry, others, n, now_ns, &before);
    const int64_t slack =
        (int64_t)(safety->left_bytes + back) - (int64_t)growth_of(entry);

    safety->ahead++;
    if (before > 0)
        safety->cushion_bytes += safety_cushion(entry->need_bytes);
    if (slack < safety->slack_bytes)
        safety->slack_bytes = slack;
}

struct safety
safety_of(const struct budget *budget, const struct pool_entry *me,
          const struct pool_entry *others, size_t n, int64_t now_ns)
{
    const uint64_t left = minus(budget->available_bytes, budget->headroom_bytes);
    const uint64_t own = me != NULL ? me->now_bytes : 0;
    struct safety safety = {.slack_bytes = INT64_MAX};
    size_t count;
    const uint64_t below_cap =
        minus(budget->cap_bytes, own + used_ahead(NULL, others, n, now_ns, &count));

    safety.left_bytes = left < below_cap ? left : below_cap;
    for (size_t i = 0; i < n; i++) {
        if (!is_live(&others[i], now_ns))
            continue;
        add(&safety, &others[i]);
        if (me == NULL || is_ahead(&others[i], me))
            add_ahead(&safety, &others[i], others, n, now_ns);
    }
    return safety;
}
