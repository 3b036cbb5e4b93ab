/* Who pauses.
 *
 * A compile needs most of its memory for a short part of its time, so many fit together
 * that would not if each had its peak at once.  When several come near theirs, the one
 * that is nearest goes on, and the others are stopped (SIGSTOP) until it has given enough
 * back: that costs time and nothing else.
 *
 * Everybody decides for himself, by the same rule on the same table.  The tables that two
 * see may differ by a sampling period; the headroom is for that.  Those that are stopped
 * do not change, so that soon all agree on who is the first, who always goes on. */

#include "pause_priv.h"

#include "safety_priv.h"

/* Below so much of the headroom it is not enough that nobody but the first grows. */
#define LAST_RESERVE(headroom) ((headroom) / 2)

static bool
is_first_to_begin_anew(const struct pool_entry *me, const struct pool_entry *others,
                       size_t n, int64_t now_ns)
{
    if (!me->may_begin_anew)
        return false;
    for (size_t i = 0; i < n; i++)
        if (others[i].state == POOL_RUNNING && others[i].may_begin_anew &&
            !pool_is_stale(&others[i], now_ns) && others[i].started_ns > me->started_ns)
            return false;
    return true;
}

enum pause_verdict
pause_judge(const struct budget *budget, const struct pool_entry *me,
            const struct pool_entry *others, size_t n, int64_t now_ns)
{
    const struct safety safety = safety_of(budget, me, others, n, now_ns);
    const uint64_t own = safety_cushion(me->need_bytes);
    const int64_t margin =
        (int64_t)(safety.cushion_bytes + (me->is_paused ? 3 * own : own));

    if (safety.ahead == 0 || me->is_alone)
        return PAUSE_GO;
    if (budget->available_bytes < LAST_RESERVE(budget->headroom_bytes) &&
        is_first_to_begin_anew(me, others, n, now_ns))
        return PAUSE_SET_BACK;
    return me->may_pause && safety.slack_bytes < margin ? PAUSE_STOP : PAUSE_GO;
}
