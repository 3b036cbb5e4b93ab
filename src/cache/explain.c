/* Why a command missed: which component of its key differs from the last command for the
 * same source and output.  Labels and short digests only; values may be secrets. */

#include "explain_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/strlist.h"
#include "nvcache/entry/wire.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

enum {
    LAST_VERSION = 1,
    LABEL_MAX = 512,
    COMPONENTS_MAX = 65536
};

void
explain_remember(struct session *session)
{
    const struct record_key key =
        key_record_at(RECORD_LAST, &session->key.unit, clock_wall_ns());
    AUTO_BUF record = BUF_INIT;
    enum nvc_status st;

    wire_put_u16(&record, LAST_VERSION);
    wire_put_u32(&record, (uint32_t)session->key.n);
    for (size_t i = 0; i < session->key.n; i++) {
        wire_put_str(&record, session->key.components[i].label);
        wire_put_u64(&record, session->key.components[i].mark);
    }
    st = store_put(session->store, &key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
}

struct last {
    struct session *session;
    struct key_component *components;
    size_t n;
};

static bool
read_last(const struct record_key *key, struct store_value value, void *arg)
{
    struct last *last = arg;
    struct arena *arena = last->session->arena;
    struct wire_reader reader;

    (void)key;
    wire_read_init(&reader, value.data, value.len);
    if (wire_u16(&reader) != LAST_VERSION)
        return true;
    last->n = wire_count(&reader, COMPONENTS_MAX, 4 + 1 + 8);
    last->components = arena_array(arena, last->n, sizeof(*last->components));
    for (size_t i = 0; i < last->n; i++) {
        last->components[i].label = wire_str(&reader, LABEL_MAX);
        last->components[i].mark = wire_u64(&reader);
    }
    if (!wire_done(&reader))
        last->n = 0;
    return false;
}

static bool
has_label(const struct key_component *components, size_t n, const char *label)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(components[i].label, label))
            return true;
    return false;
}

/* A line about the first component that differs, or NULL. */
static const char *
describe(struct arena *arena, const struct command_key *now, const struct last *last)
{
    for (size_t i = 0; i < now->n || i < last->n; i++) {
        const struct key_component *a = i < now->n ? &now->components[i] : NULL;
        const struct key_component *b = i < last->n ? &last->components[i] : NULL;

        if (a != NULL && b != NULL && str_equal(a->label, b->label)) {
            if (a->mark != b->mark)
                return arena_printf(arena, "%s changed", a->label);
            continue;
        }
        if (b != NULL && !has_label(now->components, now->n, b->label))
            return arena_printf(arena, "%s is no longer there", b->label);
        return a != NULL ? arena_printf(arena, "%s is new", a->label)
                         : arena_printf(arena, "%s is no longer there", b->label);
    }
    return NULL;
}

enum nvc_status
explain_difference(struct session *session)
{
    const struct record_key prefix = key_record(RECORD_LAST, &session->key.unit);
    struct last last = {.session = session};
    const enum nvc_status st = store_scan(session->store, &prefix, read_last, &last);

    if (st != NVC_OK || last.n == 0)
        return NVC_MISS_NEW;
    session->culprit = describe(session->arena, &session->key, &last);
    return session->culprit != NULL ? NVC_MISS_OPTIONS : NVC_MISS_NEW;
}
