/* Which files are known not to hold a key.  Nobody writes to a sealed file, so one that
 * was searched in vain need not be searched for the same key again: the memo keeps the
 * number of the file that has it and of the newest that was sealed by then, and those
 * between are passed over.  Without it each file costs a hit as much as ten stats.
 *
 * Must never be believed of the active file, and never learnt from a file that could not
 * be searched.  Should a row be wrong (a cache that was emptied counts anew), the price
 * is a needless miss, whose result goes to the active file. */

#include "absence_priv.h"

#include "nvcache/digest/memo.h"

#include <string.h>

enum {
    SEED = 0x6162, /* no other row of the memo is named like this */
    WORTH_IT = 3   /* with fewer files at most one would be passed over */
};

struct absence
absence_begin(const struct store *store, const struct record_key *key)
{
    struct absence absence = {.is_complete = true};
    struct digest row;

    if (store->memo == NULL || store->n_generations < WORTH_IT)
        return absence;
    absence.sealed = store->generations[1]->number;
    absence.name = checksum128(key->bytes, key->len, SEED);
    if (memo_get(store->memo, absence.name, &row)) {
        memcpy(&absence.found, row.bytes, sizeof(absence.found));
        memcpy(&absence.newest, row.bytes + sizeof(absence.found),
               sizeof(absence.newest));
    }
    return absence;
}

bool
absence_covers(const struct absence *absence, const struct generation *generation)
{
    return generation->sealed && generation->number > absence->found &&
           generation->number <= absence->newest;
}

void
absence_pass(struct absence *absence, const struct generation *generation)
{
    absence->is_complete = absence->is_complete && !generation->skip;
}

void
absence_end(const struct store *store, const struct absence *absence,
            const struct generation *found)
{
    struct digest row = {{0}};

    if (absence->sealed <= found->number || !absence->is_complete ||
        (absence->found == found->number && absence->newest == absence->sealed))
        return;
    memcpy(row.bytes, &found->number, sizeof(found->number));
    memcpy(row.bytes + sizeof(found->number), &absence->sealed, sizeof(absence->sealed));
    memo_put(store->memo, absence->name, &row);
}
