/* From what is known to what is expected.
 *
 * A unit that was compiled before needs what it needed then.  For one that was not, what
 * the project's units of its class needed is the best guess there is: a little more than
 * their mean.  The small ones finish first, so with few of them it is pulled towards the
 * prior, what units with such headers usually need.  (n finished ones weigh n, the prior
 * PRIOR_WEIGHT.)
 *
 * Units of one class differ by a factor of three, and nothing that can be seen before
 * tells them apart: they include the same headers.  A guess at the middle is wrong in
 * both directions; too little is made good by pausing (pause.c), and where that cannot be
 * done the most that was seen is expected. */

#include "estimate_priv.h"

#include "nvcache/sched/tree.h"

#include <string.h>

#define PRIOR_WEIGHT 2

uint64_t
estimate_need(const struct estimate *estimate, unsigned lanes)
{
    uint64_t need = estimate->peak_bytes / estimate->lanes * lanes;

    if (need < estimate->largest_bytes)
        need = estimate->largest_bytes;
    return need + need / 16;
}

static void
from_row(const struct history_row *row, enum estimate_source source, struct estimate *out)
{
    *out = (struct estimate){
        .source = source,
        .peak_bytes = row->peak_bytes,
        .largest_bytes = row->largest_bytes,
        .lanes = row->lanes > 0 ? row->lanes : 1,
        .wall_us = source == ESTIMATE_UNIT ? row->wall_us : 0,
    };
}

static void
from_prior(uint64_t bytes, enum estimate_source source, struct estimate *out)
{
    *out = (struct estimate){
        .source = source, .peak_bytes = bytes, .largest_bytes = bytes, .lanes = 1};
}

/* A project's row: peak_bytes is the most, largest_bytes the mean. */
static void
from_project(const struct history_row *row, uint64_t prior, struct estimate *out)
{
    const uint64_t most = row->peak_bytes;
    const uint64_t mean = row->largest_bytes;
    const uint64_t seen = tree_is_readable() ? mean + (most - mean) / 4 : most;
    const uint64_t weight = PRIOR_WEIGHT + row->count;

    from_prior((seen * row->count + prior * PRIOR_WEIGHT) / weight, ESTIMATE_PROJECT,
               out);
}

static void
make_guess(const struct lease_spec *spec, struct guessed *out)
{
    const uint64_t words[2] = {spec->project.lo, spec->project.hi};

    if (out->guess.bytes > 0)
        return;
    spec->guess(spec->arg, &out->guess);
    out->project = checksum128(words, sizeof(words), out->guess.class);
}

void
estimate_renew(struct history *history, const struct lease_spec *spec,
               struct guessed *guessed, struct estimate *out)
{
    struct history_row row;

    if (history_get(history, spec->unit, &row)) {
        from_row(&row, ESTIMATE_UNIT, out);
        return;
    }
    if (history_get(history, spec->unit_any, &row)) {
        from_row(&row, ESTIMATE_SIMILAR, out);
        return;
    }
    make_guess(spec, guessed);
    if (history_get(history, guessed->project, &row))
        from_project(&row, guessed->guess.bytes, out);
    else
        from_prior(guessed->guess.bytes, ESTIMATE_PRIOR, out);
}

void
estimate_make(struct history *history, const struct lease_spec *spec,
              struct guessed *guessed, struct estimate *out)
{
    *guessed = (struct guessed){.guess = {.bytes = 0}};
    estimate_renew(history, spec, guessed, out);
}

/* Upwards at once, downwards slowly: memory depends on what was edited last. */
static void
learn_unit(struct history *history, struct checksum key, const struct history_row *seen)
{
    struct history_row row = *seen;
    struct history_row old;

    if (history_get(history, key, &old) && old.count > 0 && old.lanes == seen->lanes &&
        old.peak_bytes > seen->peak_bytes) {
        row.peak_bytes = old.peak_bytes - (old.peak_bytes - seen->peak_bytes) / 4;
        row.largest_bytes = row.largest_bytes < row.peak_bytes / row.lanes
                                ? row.peak_bytes / row.lanes
                                : row.largest_bytes;
        row.count = old.count;
    }
    if (row.count < UINT16_MAX)
        row.count++;
    history_put(history, key, &row);
}

static void
learn_project(struct history *history, struct checksum key,
              const struct history_row *seen)
{
    const uint64_t share = seen->peak_bytes / seen->lanes;
    const uint64_t bytes = share > seen->largest_bytes ? share : seen->largest_bytes;
    struct history_row row;

    if (!history_get(history, key, &row))
        row = (struct history_row){.lanes = 1};
    if (row.count < UINT16_MAX)
        row.count++;
    if (bytes > row.peak_bytes)
        row.peak_bytes = bytes;
    if (bytes > row.largest_bytes)
        row.largest_bytes += (bytes - row.largest_bytes) / row.count;
    else
        row.largest_bytes -= (row.largest_bytes - bytes) / row.count;
    row.when_s = seen->when_s;
    history_put(history, key, &row);
}

/* What it had when it was killed is the least it needs, if it was not killed for
 * another's greed: then what was expected still stands.  The row has count 0: nobody has
 * measured this. */
void
estimate_raise(struct history *history, const struct lease_spec *spec,
               const struct history_row *killed, uint64_t need_bytes)
{
    struct history_row row = *killed;
    struct history_row old;

    row.peak_bytes += row.peak_bytes / 2;
    if (row.peak_bytes < need_bytes)
        row.peak_bytes = need_bytes;
    row.largest_bytes = row.peak_bytes / row.lanes;
    row.count = 0;
    if (history_get(history, spec->unit, &old) && old.lanes == row.lanes &&
        old.peak_bytes >= row.peak_bytes)
        return;
    history_put(history, spec->unit, &row);
    history_put(history, spec->unit_any, &row);
}

void
estimate_learn(struct history *history, const struct lease_spec *spec,
               const struct guessed *guessed, const struct history_row *seen)
{
    learn_unit(history, spec->unit, seen);
    learn_unit(history, spec->unit_any, seen);
    if (guessed->guess.bytes > 0)
        learn_project(history, guessed->project, seen);
}
