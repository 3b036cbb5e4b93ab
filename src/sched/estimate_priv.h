#ifndef NVCACHE_SCHED_ESTIMATE_PRIV_H
#define NVCACHE_SCHED_ESTIMATE_PRIV_H

#include "nvcache/sched/history.h"
#include "nvcache/sched/lease.h"

#include <stdint.h>

/* What a compile is expected to need. */

enum estimate_source {
    ESTIMATE_UNIT,    /* this unit with these architectures has been compiled before */
    ESTIMATE_SIMILAR, /* this unit has, with others */
    ESTIMATE_PROJECT, /* units of this project have */
    ESTIMATE_PRIOR,   /* nothing is known but its headers' names */
};

struct estimate {
    enum estimate_source source;
    uint64_t peak_bytes;    /* of the whole tree, with `lanes` chains at once */
    uint64_t largest_bytes; /* of one process */
    unsigned lanes;
    uint64_t wall_us; /* 0: not known */
};

/* What was guessed about a unit that is not known; bytes 0: nothing had to be. */
struct guessed {
    struct lease_guess guess;
    struct checksum project; /* the row of the project's units that are alike */
};

/* `history` may be NULL. */
void estimate_make(struct history *history, const struct lease_spec *spec,
                   struct guessed *guessed, struct estimate *out);

/* The same again, with what was guessed before: others may have finished meanwhile. */
void estimate_renew(struct history *history, const struct lease_spec *spec,
                    struct guessed *guessed, struct estimate *out);

/* For so many chains at once, with a sixteenth for good measure. */
uint64_t estimate_need(const struct estimate *estimate, unsigned lanes);

/* Enter what a run showed into the history: the unit, the unit with any architectures,
 * and if it was new, the project. */
void estimate_learn(struct history *history, const struct lease_spec *spec,
                    const struct guessed *guessed, const struct history_row *seen);

/* It was killed for want of memory: half as much again as it had is expected from now on,
 * and not less than before, until it has been measured. */
void estimate_raise(struct history *history, const struct lease_spec *spec,
                    const struct history_row *killed, uint64_t need_bytes);

#endif
