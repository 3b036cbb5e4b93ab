/* Admission: who may start a compile now.
 *
 *   1. If nothing runs, the one that waits longest may start, whatever it needs.
 *   2. Else what is available, without the headroom, must be enough for all with a share
 * of their needs, and for one whose need is guessed with all of it (safety_priv.h).
 * Nobody starts while somebody is paused.
 *   3. A small one may pass bigger ones that do not fit.  Nobody passes one that has
 *      waited PATIENCE, or that is to run alone.
 *
 * So there is no deadlock (1), no more is promised than can be taken back by pausing (2,
 * pause.c), and each wait is bounded by PATIENCE and the compiles that run by then (3).
 *
 * What the running ones use now is what they said up to a sampling period ago.  One that
 * has just finished a big step looks bigger than it is, and what it gave back looks free.
 * So a fit that depends on it must be seen twice, CONFIRM apart.
 *
 * An entry whose owner has been silent for POOL_STALE_NS belongs to a stopped process: it
 * keeps what it has, which the kernel counts, but it will not grow, and nobody waits for
 * it. */

#include "admission_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/log.h"
#include "safety_priv.h"

#include <time.h>

#define MS INT64_C(1000000)

#define PATIENCE_NS  (30000 * MS)
#define CONFIRM_NS   (300 * MS)
#define LOWER_NS     (3000 * MS) /* then fewer threads are better than waiting */
#define ANNOUNCE_NS  (3000 * MS)
#define HEARTBEAT_NS (60000 * MS)
#define LOG_NS       (10000 * MS)

/* ---- judging ---- */

/* What the table says of those who wait before us, and whether the way is closed. */
struct view {
    size_t ahead;
    bool is_closed;       /* somebody must not be passed */
    uint64_t least_ahead; /* the smallest need of those before us */
};

static void
view_waiting(struct view *view, const struct pool_entry *entry, int64_t now_ns)
{
    view->ahead++;
    if (entry->need_bytes < view->least_ahead)
        view->least_ahead = entry->need_bytes;
    if (entry->is_alone || now_ns - entry->arrived_ns > PATIENCE_NS)
        view->is_closed = true;
}

static struct view
view_of(const struct pool_entry *me, const struct pool_entry *others, size_t n,
        int64_t now_ns)
{
    struct view view = {.least_ahead = UINT64_MAX};

    for (size_t i = 0; i < n; i++) {
        if (pool_is_stale(&others[i], now_ns))
            continue;
        if (others[i].state == POOL_RUNNING)
            view.is_closed = view.is_closed || others[i].is_alone;
        else if (pool_is_before(&others[i], me))
            view_waiting(&view, &others[i], now_ns);
    }
    return view;
}

static uint64_t
minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t
lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The largest need that may start beside those who run: all of it must be left now, and
 * its share when the others have theirs and one whose need is guessed has its peak. */
static uint64_t
room_beside(const struct safety *safety, const struct pool_entry *me)
{
    const uint64_t left = minus(safety->left_bytes, safety->cushion_bytes);
    const uint64_t taken = safety->shared_bytes + safety->extra_bytes;

    return lesser(left, minus(left, taken) * safety_times(me));
}

/* The most lanes, from `most` down, with which it fits into `room`; 0: not even one. */
static unsigned
lanes_for(const struct estimate *estimate, unsigned most, bool may_lower, uint64_t room)
{
    for (unsigned lanes = most; lanes > 0; lanes--) {
        if (estimate_need(estimate, lanes) <= room)
            return lanes;
        if (!may_lower)
            return 0;
    }
    return 0;
}

struct verdict
admission_judge(const struct budget *budget, const struct pool_entry *me,
                const struct estimate *estimate, bool may_lower,
                const struct pool_entry *others, size_t n, int64_t now_ns)
{
    const struct view view = view_of(me, others, n, now_ns);
    const struct safety safety = safety_of(budget, NULL, others, n, now_ns);
    const uint64_t ever = minus(budget->total_bytes, budget->headroom_bytes);
    const bool is_alone = safety.running == 0;
    const uint64_t room =
        lesser(ever, is_alone ? safety.left_bytes : room_beside(&safety, me));
    struct verdict verdict = {
        .ahead = view.ahead, .running = safety.running, .free_bytes = room};
    unsigned lanes;

    if (is_alone && view.ahead == 0) {
        lanes = lanes_for(estimate, me->lanes, may_lower, room);
        verdict.lanes = lanes > 0 ? lanes : may_lower ? 1 : me->lanes;
        verdict.is_certain = true;
        return verdict;
    }
    if (is_alone || view.is_closed || me->is_alone || budget->is_pressed ||
        safety.has_paused)
        return verdict;
    may_lower = may_lower && (now_ns - me->arrived_ns > LOWER_NS ||
                              estimate_need(estimate, me->lanes) > ever);
    lanes = lanes_for(estimate, me->lanes, may_lower, room);
    if (lanes == 0 || estimate_need(estimate, lanes) >= view.least_ahead)
        return verdict;
    verdict.lanes = lanes;
    verdict.is_certain =
        estimate_need(estimate, lanes) <= minus(safety.left_bytes, safety.promised_bytes);
    return verdict;
}

/* ---- waiting ---- */

struct wait {
    const struct lease_spec *spec;
    int64_t begin_ns;
    int64_t fits_since_ns;  /* 0: it does not fit */
    int64_t first_since_ns; /* when we came to the head of the queue; 0: not yet */
    int64_t told_ns;
    int64_t logged_ns;
};

static void
announce(struct wait *wait, const struct verdict *verdict, const struct budget *budget,
         const struct pool_entry *me, int64_t now_ns)
{
    const bool is_first = wait->told_ns == 0;
    const struct lease_news news = {
        .label = me->label,
        .need_bytes = me->need_bytes,
        .free_bytes = verdict->free_bytes,
        .total_bytes = budget->total_bytes,
        .running = verdict->running,
        .waited_ns = now_ns - wait->begin_ns,
        .is_first = is_first,
    };

    if (verdict->ahead > 0) {
        wait->first_since_ns = 0;
        return;
    }
    if (wait->first_since_ns == 0)
        wait->first_since_ns = now_ns;
    if (is_first ? now_ns - wait->first_since_ns < ANNOUNCE_NS
                 : now_ns - wait->told_ns < HEARTBEAT_NS)
        return;
    wait->told_ns = now_ns;
    if (wait->spec->tell != NULL)
        wait->spec->tell(wait->spec->arg, &news);
}

/* Why not, for NVCACHE_LOG: at first and then every ten seconds. */
static void
log_wait(struct wait *wait, const struct verdict *verdict, const struct budget *budget,
         const struct pool_entry *me, int64_t now_ns)
{
    if (wait->logged_ns != 0 && now_ns - wait->logged_ns < LOG_NS)
        return;
    wait->logged_ns = now_ns;
    log_event("memory.wait",
              "need_mib=%llu room_mib=%llu available_mib=%llu running=%zu ahead=%zu "
              "pressed=%d unit=%s",
              (unsigned long long)(me->need_bytes >> 20),
              (unsigned long long)(verdict->free_bytes >> 20),
              (unsigned long long)(budget->available_bytes >> 20), verdict->running,
              verdict->ahead, budget->is_pressed, me->label);
}

/* May we start with this verdict, given what was seen before? */
static bool
is_settled(struct wait *wait, const struct verdict *verdict, int64_t now_ns)
{
    if (verdict->lanes == 0)
        wait->fits_since_ns = 0;
    else if (wait->fits_since_ns == 0)
        wait->fits_since_ns = now_ns;
    return verdict->lanes > 0 &&
           (verdict->is_certain || now_ns - wait->fits_since_ns >= CONFIRM_NS);
}

static void
start(struct pool *pool, struct request *request, unsigned lanes)
{
    struct pool_entry *const entry = &request->entry;

    entry->state = POOL_RUNNING;
    entry->lanes = (uint16_t)lanes;
    entry->need_bytes = estimate_need(&request->estimate, lanes);
    entry->started_ns = clock_mono_ns();
    pool_say(pool, entry);
}

/* Units that have finished meanwhile may have taught us better. */
static void
expect_anew(struct request *request)
{
    estimate_renew(request->history, request->spec, &request->guessed,
                   &request->estimate);
    request->entry.need_bytes = estimate_need(&request->estimate, request->entry.lanes);
    request->entry.expected_us = request->estimate.wall_us;
}

/* One look, at the gate; starts if it may. */
static enum nvc_status
look(struct pool *pool, struct wait *wait, struct request *request,
     struct verdict *verdict)
{
    static struct pool_entry others[POOL_SLOTS];
    const struct lease_spec *const spec = request->spec;
    const bool at_gate = pool_enter_gate(pool);
    struct budget budget;
    int64_t now_ns = 0;
    enum nvc_status st = budget_read(request->source, spec->setting, &budget);

    if (st == NVC_OK) {
        const size_t n = pool_look(pool, others);

        now_ns = clock_mono_ns();
        *verdict = admission_judge(&budget, &request->entry, &request->estimate,
                                   spec->may_lower, others, n, now_ns);
        if (is_settled(wait, verdict, now_ns))
            start(pool, request, verdict->lanes);
        else
            pool_say(pool, &request->entry);
    }
    if (at_gate)
        pool_leave_gate(pool);
    if (st == NVC_OK && request->entry.state == POOL_WAITING) {
        announce(wait, verdict, &budget, &request->entry, now_ns);
        log_wait(wait, verdict, &budget, &request->entry, now_ns);
    }
    return st;
}

/* Those far behind look less often. */
static void
pause_for(size_t ahead)
{
    const int64_t ms = 50 + 25 * (int64_t)(ahead < 18 ? ahead : 18);
    const struct timespec pause = {.tv_nsec = ms * MS};

    nanosleep(&pause, NULL);
}

enum nvc_status
admission_wait(struct pool *pool, struct request *request, struct lease_facts *facts)
{
    struct wait wait = {.spec = request->spec, .begin_ns = clock_mono_ns()};
    struct verdict verdict;
    enum nvc_status st;

    for (;;) {
        st = look(pool, &wait, request, &verdict);
        if (st != NVC_OK || request->entry.state == POOL_RUNNING)
            break;
        facts->has_waited = true;
        pause_for(verdict.ahead);
        expect_anew(request);
    }
    facts->waited_ns += clock_mono_ns() - wait.begin_ns;
    facts->was_told = facts->was_told || wait.told_ns != 0;
    return st;
}
