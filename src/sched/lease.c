/* One lease: expected need, admission, measuring, and what is remembered afterwards. */

#include "nvcache/sched/lease.h"

#include "admission_priv.h"
#include "estimate_priv.h"
#include "meter_priv.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/log.h"
#include "nvcache/sched/budget.h"
#include "nvcache/sched/history.h"
#include "nvcache/sched/pool.h"
#include "nvcache/sched/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DIRECTORY_MAX = 4000
};

struct lease {
    struct pool *pool;
    struct request request;
    struct meter meter;
    uint64_t oom_kills; /* when the lease was taken */
    bool was_killed;
    bool was_set_back;
};

static const char *const source_words[] = {
    [ESTIMATE_UNIT] = "unit",
    [ESTIMATE_SIMILAR] = "similar",
    [ESTIMATE_PROJECT] = "project",
    [ESTIMATE_PRIOR] = "prior",
};

static enum nvc_status
open_pool(const struct lease_spec *spec, uint64_t domain, struct pool **out)
{
    char dir[DIRECTORY_MAX];
    enum nvc_status st = pool_directory(spec->shared_dir, spec->umask, dir, sizeof(dir));

    if (st == NVC_OK)
        st = pool_open(dir, domain, spec->shared_dir != NULL ? spec->umask : -1, out);
    if (st != NVC_OK)
        return st;
    st = pool_claim(*out);
    if (st != NVC_OK) {
        pool_close(*out);
        *out = NULL;
    }
    return st;
}

static void
fill_entry(struct lease *lease)
{
    const struct lease_spec *const spec = lease->request.spec;
    struct pool_entry *const entry = &lease->request.entry;

    *entry = (struct pool_entry){
        .state = POOL_WAITING,
        .pid = (uint32_t)getpid(),
        .arrived_ns = clock_mono_ns(),
        .need_bytes = estimate_need(&lease->request.estimate, spec->lanes),
        .expected_us = lease->request.estimate.wall_us,
        .lanes = (uint16_t)(spec->lanes < 1000 ? spec->lanes : 1000),
        .may_pause = tree_is_readable(),
        .may_begin_anew = spec->may_begin_anew,
    };
    snprintf(entry->label, sizeof(entry->label), "%s", spec->label);
}

static void
fill_facts(const struct lease *lease, struct lease_facts *facts)
{
    facts->lanes = lease->request.entry.lanes;
    facts->need_bytes = lease->request.entry.need_bytes;
}

/* Waiting, then measuring; without admission when the budget cannot be read any more. */
static enum nvc_status
admit(struct lease *lease, struct lease_facts *facts)
{
    const enum nvc_status st = admission_wait(lease->pool, &lease->request, facts);

    lease->oom_kills = budget_oom_kills(lease->request.source);
    lease->meter.spec = lease->request.spec;
    lease->meter.source = lease->request.source;
    if (st == NVC_OK)
        meter_start(&lease->meter, lease->pool, &lease->request.entry);
    fill_facts(lease, facts);
    log_event("memory.admit",
              "need_mib=%llu from=%s lanes=%u waited_ms=%lld status=%s unit=%s",
              (unsigned long long)(facts->need_bytes >> 20),
              source_words[lease->request.estimate.source], facts->lanes,
              (long long)(facts->waited_ns / 1000000), status_word(st),
              lease->request.entry.label);
    return st;
}

static enum nvc_status
prepare(struct lease *lease, struct lease_facts *facts)
{
    const struct lease_spec *const spec = lease->request.spec;
    struct budget budget;
    enum nvc_status st;

    lease->request.source = budget_source_new(spec->root);
    if (lease->request.source == NULL)
        return NVC_ERR_NOMEM;
    st = budget_read(lease->request.source, spec->setting, &budget);
    if (st == NVC_OK)
        st = open_pool(spec, budget.domain, &lease->pool);
    if (st != NVC_OK)
        return st;
    facts->total_bytes = budget.total_bytes;
    if (spec->history_path != NULL)
        history_open(spec->history_path, spec->umask, spec->is_read_only,
                     &lease->request.history);
    estimate_make(lease->request.history, spec, &lease->request.guessed,
                  &lease->request.estimate);
    fill_entry(lease);
    pool_say(lease->pool, &lease->request.entry);
    return NVC_OK;
}

static void
lease_free(struct lease *lease)
{
    pool_close(lease->pool);
    history_close(lease->request.history);
    budget_source_free(lease->request.source);
    free(lease);
}

enum nvc_status
lease_take(const struct lease_spec *spec, struct lease **out, struct lease_facts *facts)
{
    const int64_t begin = clock_mono_ns();
    struct lease *lease = calloc(1, sizeof(*lease));
    enum nvc_status st = NVC_ERR_NOMEM;

    *facts = (struct lease_facts){.lanes = spec->lanes};
    *out = NULL;
    if (lease != NULL) {
        lease->request.spec = spec;
        st = prepare(lease, facts);
        if (st == NVC_OK)
            st = admit(lease, facts);
        if (st != NVC_OK)
            lease_free(lease);
        else
            *out = lease;
    }
    log_event("memory.lease", "status=%s took_us=%lld", status_word(st),
              (long long)((clock_mono_ns() - begin) / 1000));
    return st;
}

bool
lease_saw_oom(const struct lease *lease)
{
    return lease != NULL && budget_oom_kills(lease->request.source) > lease->oom_kills;
}

static struct history_row
row_of(const struct lease *lease, uint64_t wall_us)
{
    const uint64_t largest = meter_largest();
    const uint64_t peak = lease->request.entry.peak_bytes;

    return (struct history_row){
        .peak_bytes = peak,
        .largest_bytes = largest < peak ? largest : peak,
        .wall_us = wall_us,
        .when_s = (uint32_t)(clock_wall_ns() / 1000000000),
        .lanes = lease->request.entry.lanes,
    };
}

static void
raise_estimate(struct lease *lease)
{
    struct request *const request = &lease->request;
    const struct history_row row = row_of(lease, 0);

    estimate_raise(request->history, request->spec, &row, request->entry.need_bytes);
    estimate_renew(request->history, request->spec, &request->guessed,
                   &request->estimate);
}

/* Wait as at first, with what has been learnt. */
static void
retake(struct lease *lease, bool is_alone, struct lease_facts *facts)
{
    struct pool_entry *const entry = &lease->request.entry;
    enum nvc_status st;

    entry->state = POOL_WAITING;
    entry->is_alone = is_alone;
    entry->lanes = is_alone ? 1 : entry->lanes;
    entry->now_bytes = 0;
    entry->need_bytes = estimate_need(&lease->request.estimate, entry->lanes);
    pool_say(lease->pool, entry);
    st = admit(lease, facts);
    (void)st;
}

void
lease_retake_alone(struct lease *lease, struct lease_facts *facts)
{
    if (lease == NULL)
        return;
    meter_stop(&lease->meter);
    raise_estimate(lease);
    lease->was_killed = true;
    retake(lease, true, facts);
}

bool
lease_was_set_back(struct lease *lease)
{
    return lease != NULL && meter_was_set_back(&lease->meter);
}

void
lease_retake(struct lease *lease, struct lease_facts *facts)
{
    const bool is_again = lease->was_set_back;

    meter_stop(&lease->meter);
    lease->meter.was_set_back = false;
    lease->was_set_back = true;
    retake(lease, is_again, facts);
}

int64_t
lease_paused_ns(struct lease *lease)
{
    return lease != NULL ? meter_paused_ns(&lease->meter) : 0;
}

/* Time that was spent stopped says nothing about the next run. */
static uint64_t
paused_us(const struct lease *lease, uint64_t wall_us)
{
    const uint64_t paused = (uint64_t)lease->meter.paused_ns / 1000;

    return paused < wall_us ? paused : wall_us;
}

uint64_t
lease_release(struct lease *lease, bool has_succeeded, uint64_t wall_us)
{
    struct history_row row;

    if (lease == NULL)
        return 0;
    meter_stop(&lease->meter);
    row = row_of(lease, wall_us - paused_us(lease, wall_us));
    log_event("memory.peak",
              "mib=%llu largest_mib=%llu need_mib=%llu from=%s pauses=%u paused_ms=%lld "
              "unit=%s",
              (unsigned long long)(row.peak_bytes >> 20),
              (unsigned long long)(row.largest_bytes >> 20),
              (unsigned long long)(lease->request.entry.need_bytes >> 20),
              source_words[lease->request.estimate.source], lease->meter.pauses,
              (long long)(lease->meter.paused_ns / 1000000), lease->request.entry.label);
    if (has_succeeded && row.peak_bytes > 0)
        estimate_learn(lease->request.history, lease->request.spec,
                       &lease->request.guessed, &row);
    else if (lease->was_killed)
        raise_estimate(lease);
    lease_free(lease);
    return row.peak_bytes;
}
