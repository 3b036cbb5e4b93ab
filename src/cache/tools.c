/* The toolchain of a command, with its layout remembered in the store. */

#include "tools_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/scratch.h"
#include "nvcache/base/strlist.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

static enum nvc_status
discover(struct session *session, const struct toolchain_seat *seat)
{
    AUTO_SCRATCH scratch = SCRATCH_INIT;

    store_release(session->store);
    if (scratch_open(&scratch, session->arena) != NVC_OK)
        return NVC_BYPASS_TOOLCHAIN;
    return toolchain_discover(session->arena, seat, scratch.path, &session->layout);
}

static enum nvc_status
remembered(struct session *session, const struct record_key *key)
{
    struct store_value value;
    enum nvc_status st = store_get(session->store, key, &value);

    if (st == NVC_OK)
        st = toolchain_layout_decode(session->arena, value.data, value.len,
                                     &session->layout);
    if (st != NVC_OK && st != NVC_MISS)
        session_error(session, st);
    if (st == NVC_OK)
        st = toolchain_digest(session->memo, &session->layout, session->begin_ns,
                              &session->toolchain);
    return st;
}

static enum nvc_status
learn(struct session *session, const struct toolchain_seat *seat,
      const struct record_key *key)
{
    AUTO_BUF record = BUF_INIT;
    enum nvc_status st = discover(session, seat);

    if (st == NVC_OK &&
        toolchain_digest(session->memo, &session->layout, session->begin_ns,
                         &session->toolchain) != NVC_OK)
        st = NVC_BYPASS_TOOLCHAIN;
    if (st != NVC_OK)
        return st;
    toolchain_layout_encode(&session->layout, &record);
    if (!store_is_read_only(session->store)) {
        st = store_put(session->store, key, record.data, record.len);
        if (st != NVC_OK)
            session_error(session, st);
    }
    return NVC_OK;
}

enum nvc_status
tools_identify(struct session *session)
{
    struct toolchain_seat seat;
    struct digest layout;
    struct record_key key;
    enum nvc_status st;

    st = toolchain_seat_init(session->arena, session->program, session->command.ccbin,
                             &seat);
    if (st != NVC_OK)
        return st;
    if (str_equal(session->command.language, "c"))
        seat.language = "c";
    st = toolchain_layout_key(&seat, &layout);
    if (st != NVC_OK)
        return st;
    key = key_record(RECORD_LAYOUT, &layout);
    if (remembered(session, &key) == NVC_OK)
        return NVC_OK;
    return learn(session, &seat, &key);
}
