/* Going through everything: scan, verify, usage.  Records are fetched in batches, so that
 * the lock of the active generation is held for one batch at a time, and the caller's
 * function always runs without the lock and outside the guard.
 *
 * Must never trust what it walks over: every record is opened (checksum, key) before it
 * is handed out. */

#include "store_priv.h"

#include "absence_priv.h"
#include "catalog_priv.h"
#include "generation_priv.h"
#include "reader_priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The list as it was when we began; calls from inside a visitor may load another one. */
struct snapshot {
    struct generation **v;
    size_t n;
};

static enum nvc_status
begin(struct store *store, struct snapshot *out)
{
    enum nvc_status st = NVC_OK;

    if (store->crashed)
        return NVC_ERR_CRASH;
    st = store_begin(store);
    if (st == NVC_OK)
        st = catalog_ensure(store);
    if (st != NVC_OK)
        return st;
    out->n = store->n_generations;
    out->v = arena_array(&store->session, out->n, sizeof(struct generation *));
    if (out->n > 0)
        memcpy(out->v, store->generations, out->n * sizeof(struct generation *));
    return NVC_OK;
}

static struct reader_walk *
new_walk(struct store *store, const struct record_key *prefix)
{
    struct reader_walk *const walk = arena_alloc(&store->session, sizeof(*walk));

    if (prefix != NULL)
        walk->prefix = *prefix;
    return walk;
}

static void
restart(struct reader_walk *walk)
{
    walk->last.len = 0;
    walk->done = false;
}

/* ---- scan ---- */

struct scan {
    struct store *store;
    struct reader_walk *walk;
    store_visitor *visit;
    void *arg;
    bool found;
    bool stopped;
};

static enum nvc_status
visit_batch(struct scan *scan)
{
    for (size_t i = 0; i < scan->walk->n && !scan->stopped; i++) {
        const struct reader_item *const item = &scan->walk->items[i];
        struct store_value value = {NULL, 0};
        const enum nvc_status st =
            reader_open_record(scan->store, &item->key, item->record, &value);

        if (st == NVC_ERR_CRASH)
            return st;
        if (st != NVC_OK)
            scan->store->damage.records++;
        else
            scan->stopped = !scan->visit(&item->key, value, scan->arg);
    }
    return NVC_OK;
}

static enum nvc_status
scan_generation(struct scan *scan, struct generation *generation)
{
    enum nvc_status st = NVC_OK;

    restart(scan->walk);
    while (st == NVC_OK && !scan->walk->done && !scan->stopped) {
        st = reader_next(scan->store, generation, scan->walk);
        if (st != NVC_OK)
            break;
        scan->found = scan->found || scan->walk->n > 0;
        st = visit_batch(scan);
    }
    return st;
}

enum nvc_status
store_scan(struct store *store, const struct record_key *prefix, store_visitor *visit,
           void *arg)
{
    struct snapshot list = {NULL, 0};
    struct scan scan = {store, NULL, visit, arg, false, false};
    enum nvc_status worst = NVC_OK;
    struct absence absence;
    enum nvc_status st;

    st = begin(store, &list);
    if (st != NVC_OK)
        return st;
    scan.walk = new_walk(store, prefix);
    absence = absence_begin(store, prefix);
    for (size_t i = 0; i < list.n && !scan.stopped && worst != NVC_ERR_CRASH; i++) {
        const bool is_first = !scan.found;

        if (is_first && absence_covers(&absence, list.v[i]))
            continue;
        st = scan_generation(&scan, list.v[i]);
        if (is_first && scan.found)
            absence_end(store, &absence, list.v[i]);
        absence_pass(&absence, list.v[i]);
        /* Damaged files are counted by themselves and otherwise not there. */
        if (st != NVC_OK && st != NVC_MISS && st != NVC_ERR_GENERATION)
            worst = st;
    }
    generation_mend(store);
    return worst;
}

/* ---- verify ---- */

struct verify {
    struct store *store;
    struct reader_walk *walk;
    store_checker *check;
    void *arg;
    struct store_verify_report report;
};

static enum nvc_status
verify_batch(struct verify *verify)
{
    for (size_t i = 0; i < verify->walk->n; i++) {
        const struct reader_item *const item = &verify->walk->items[i];
        struct store_value value = {NULL, 0};
        const enum nvc_status st =
            reader_open_record(verify->store, &item->key, item->record, &value);

        if (st == NVC_ERR_CRASH)
            return st;
        verify->report.records++;
        verify->report.bytes += item->record.len;
        if (st != NVC_OK ||
            (verify->check != NULL && !verify->check(&item->key, value, verify->arg)))
            verify->report.bad_records++;
    }
    return NVC_OK;
}

static enum nvc_status
verify_generation(struct verify *verify, struct generation *generation)
{
    enum nvc_status st = NVC_OK;

    restart(verify->walk);
    while (st == NVC_OK && !verify->walk->done) {
        st = reader_next(verify->store, generation, verify->walk);
        if (st == NVC_OK)
            st = verify_batch(verify);
    }
    if (st == NVC_ERR_GENERATION || st == NVC_ERR_CRASH || generation->damaged)
        verify->report.bad_generations++;
    return st;
}

enum nvc_status
store_verify(struct store *store, bool repair, store_checker *check, void *arg,
             struct store_verify_report *out)
{
    struct snapshot list = {NULL, 0};
    struct verify verify = {.store = store, .check = check, .arg = arg};
    enum nvc_status worst = NVC_OK;
    enum nvc_status st;

    st = begin(store, &list);
    if (st != NVC_OK)
        return st;
    verify.walk = new_walk(store, NULL);
    for (size_t i = 0; i < list.n; i++) {
        st = verify_generation(&verify, list.v[i]);
        if (st != NVC_OK && st != NVC_MISS && st != NVC_ERR_GENERATION)
            worst = st;
        /* Each file has environments of its own; what crashed stays closed to others. */
        store->crashed = false;
    }
    store->crashed = store->damage.crashes > 0;
    if (repair)
        generation_mend(store);
    *out = verify.report;
    return worst == NVC_ERR_CRASH ? NVC_OK : worst;
}

/* ---- usage ---- */

static int64_t
when_set_aside(const struct store *store)
{
    struct stat info;

    if (store->directory.fd < 0 ||
        fstatat(store->directory.fd, CATALOG_BAD, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    return info.st_ctime; /* of the renaming */
}

enum nvc_status
store_get_usage(struct store *store, struct store_usage *out)
{
    struct snapshot list = {NULL, 0};
    struct store_usage usage = {.max_bytes = store->max_bytes};
    enum nvc_status st;

    st = begin(store, &list);
    if (st != NVC_OK)
        return st;
    if (store->directory.fd >= 0)
        usage.bytes = catalog_measure(store);
    usage.set_aside_s = when_set_aside(store);
    usage.generations = (unsigned)list.n;
    for (size_t i = 0; i < list.n; i++) {
        uint64_t entries = 0;

        st = reader_count(store, list.v[i], &entries);
        if (st == NVC_ERR_CRASH)
            return st;
        if (st == NVC_OK)
            usage.entries += entries;
    }
    *out = usage;
    return NVC_OK;
}
